// Finds the model that comes with the package, so that --model is an option and not a duty.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MnerError } from "../../core/mner-error.js";
import { MANIFEST_FILE } from "../../model/index.js";

const PLACES = ["models/mner-qg-mini", "public/models/mner-qg-mini", "dist/models/mner-qg-mini"];

/** The folder given, or the one in the package that this file is part of. */
export function findModel(given: string | undefined, from: string = fileURLToPath(import.meta.url)): string {
  if (given !== undefined) {
    if (existsSync(join(given, MANIFEST_FILE))) return resolve(given);
    throw new MnerError(
      "model-not-found",
      `${given} has no ${MANIFEST_FILE}. Give a model folder, as convert writes it.`,
    );
  }
  for (let folder = dirname(from); folder !== dirname(folder); folder = dirname(folder)) {
    if (!isPackage(folder)) continue;
    const found = PLACES.map((place) => join(folder, place)).find((place) => existsSync(join(place, MANIFEST_FILE)));
    if (found !== undefined) return found;
  }
  throw new MnerError(
    "model-not-found",
    "No model comes with this installation. Give a model folder with --model DIR.",
  );
}

function isPackage(folder: string): boolean {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).name === "mner-qg";
  } catch {
    return false;
  }
}
