// Opens a checkpoint of any kind that is read, told by its first bytes and not by its name.
import { MnerError } from "../../core/mner-error.js";
import { type ByteSource, openFileSource } from "./byte-source.js";
import type { Checkpoint } from "./checkpoint.js";
import { looksLikeSafetensors, readSafetensors } from "./safetensors.js";
import { legacyTorchError, looksLikeLegacyTorch, readTorchCheckpoint } from "./torch-checkpoint.js";
import { looksLikeZip } from "./zip.js";

/** Reads names and shapes; the caller reads the numbers tensor by tensor and closes the checkpoint. */
export function openCheckpoint(path: string): Checkpoint {
  return readCheckpoint(openFileSource(path));
}

/** The same over bytes that are already open. On failure the source is closed. */
export function readCheckpoint(source: ByteSource): Checkpoint {
  try {
    if (source.size === 0)
      throw new MnerError("checkpoint-truncated", `${source.name} is empty. Copy or download it again.`);
    if (looksLikeZip(source)) return readTorchCheckpoint(source);
    if (looksLikeLegacyTorch(source)) throw legacyTorchError(source);
    if (looksLikeSafetensors(source)) return readSafetensors(source);
    throw new MnerError(
      "checkpoint-unsupported",
      `${source.name} is neither a safetensors file nor a PyTorch state dict. Save one with torch.save(model.state_dict(), path).`,
    );
  } catch (error) {
    source.close();
    throw error;
  }
}
