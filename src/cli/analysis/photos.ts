// Finds a record's photo in the photos' folder, and nowhere else: a file of tweets comes from strangers, and must not be
// able to name other files of this machine.
import { realpathSync, statSync } from "node:fs";
import { isAbsolute, join, normalize, sep } from "node:path";
import { MnerError } from "../../core/mner-error.js";
import { photoNames } from "../../corpus/index.js";

/** The path of the photo, or an error that says why there is none. */
export function findPhoto(folder: string, name: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) {
    throw new MnerError(
      "input-invalid",
      `The photo "${name}" is an address. Nothing is downloaded: save it in the photos' folder and give its file name.`,
    );
  }
  const path = normalize(name);
  if (name.includes("\0") || isAbsolute(path) || path === ".." || path.startsWith(`..${sep}`)) {
    throw new MnerError(
      "input-invalid",
      `The photo "${name.replaceAll("\0", "?")}" is not inside the photos' folder. Move it there.`,
    );
  }
  const found = photoNames(join(folder, path)).find((candidate) => isFile(candidate));
  if (found !== undefined) return withinFolder(realpathSync(folder), found, name);
  throw new MnerError("image-unreadable", `The photo "${name}" is not in ${folder}. Add it, or leave its name out.`);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Where the photo really lies: a link in the folder must not lead out of it. */
function withinFolder(folder: string, found: string, name: string): string {
  const real = realpathSync(found);
  if (real.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return real;
  throw new MnerError(
    "input-invalid",
    `The photo "${name}" is a link that leads out of the photos' folder. Put the photo itself there.`,
  );
}
