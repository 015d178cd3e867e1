// An add-on and the folder it needs: which one, whether it is the very one, and both as one model.
import { isMnerError, MnerError } from "../core/mner-error.js";
import type { BaseFolder } from "./manifest-types.js";

/** A base may itself be an add-on: a head over a tagger over the encoders. */
export const MOST_BASES = 2;

/** Fails with `model-mismatch` unless the base found is the one that the add-on was made with. */
export function checkBase({ path, release }: BaseFolder, found: string): void {
  if (found === release) return;
  throw new MnerError(
    "model-mismatch",
    `This add-on needs release ${release.slice(0, 12)} of the model at ${path}, but there is ${found.slice(0, 12)}: its numbers would mean nothing there. ` +
      "Copy an add-on and a model of the same version.",
  );
}

export function checkDepth(depth: number): void {
  if (depth <= MOST_BASES) return;
  throw new MnerError(
    "model-manifest-invalid",
    `manifest.json: base leads to a model that needs another one, and so on, more than ${MOST_BASES} times. Convert the add-on again.`,
  );
}

/** A base that is not there is told as what it is: not the add-on is missing. */
export function ofBase(error: unknown, { path }: BaseFolder): unknown {
  if (!isMnerError(error) || error.code !== "model-not-found") return error;
  const message = `This add-on needs the model at ${path}, counted from its own folder, and there is none. Copy that folder there, too.`;
  return new MnerError("model-not-found", message, { cause: error });
}
