// Finds a record's photo in the photos' folder, and nowhere else: a file of tweets comes from strangers, and must not be
// able to name other files of this machine.
import { existsSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join, normalize, sep } from "node:path";
import { MnerError } from "../../core/mner-error.js";
import { photoNames } from "../../corpus/index.js";

/** No photo of a tweet is larger; the decoder has limits of its own for what is inside. */
const MOST_BYTES = 100 * 1024 * 1024;

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
  if (found !== undefined) return found;
  throw new MnerError("image-unreadable", `The photo "${name}" is not in ${folder}. Add it, or leave its name out.`);
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

/** Reads a photo for the engine. */
export function readPhoto(path: string): Blob {
  try {
    const { size } = statSync(path);
    if (size > MOST_BYTES) {
      throw new MnerError(
        "image-too-large",
        `${path} has ${size} bytes; at most ${MOST_BYTES} are read. Make it smaller.`,
      );
    }
    return new Blob([new Uint8Array(readFileSync(path))]);
  } catch (error) {
    if (error instanceof MnerError) throw error;
    throw new MnerError("image-unreadable", `${path} cannot be read. Check the file and its permissions.`, {
      cause: error,
    });
  }
}
