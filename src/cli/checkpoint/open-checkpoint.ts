// Opens a checkpoint's weights. Only safetensors is read: PyTorch's own files are programs for a machine, and only Python,
// with `weights_only`, turns them into data (docs/decisions/checkpoints.md).
import { MnerError } from "../../core/mner-error.js";
import { type ByteSource, openFileSource } from "./byte-source.js";
import type { Checkpoint } from "./checkpoint.js";
import { looksLikeSafetensors, readSafetensors } from "./safetensors.js";

/** How to come by what is read. */
export const EXPORT_HINT =
  "Make a safetensors folder of it with: python -m training.export --checkpoint FILE.pt --out DIR";

/** Reads names and shapes; the caller reads the numbers tensor by tensor and closes the checkpoint. */
export function openCheckpoint(path: string): Checkpoint {
  return readCheckpoint(openFileSource(path));
}

/** The same over bytes that are already open. On failure the source is closed. */
export function readCheckpoint(source: ByteSource): Checkpoint {
  try {
    if (source.size === 0)
      throw new MnerError("checkpoint-truncated", `${source.name} is empty. Copy or download it again.`);
    if (looksLikeSafetensors(source)) return readSafetensors(source);
    throw new MnerError("checkpoint-unsupported", `${source.name} is not a safetensors file. ${EXPORT_HINT}`);
  } catch (error) {
    source.close();
    throw error;
  }
}
