// Writes a model folder: encodes tensors as they come, cuts the byte stream into shards, and describes it all in a
// manifest. One tensor and one shard are in memory at a time, so a checkpoint larger than memory can be converted.
import { throwIfAborted } from "../core/abort.js";
import { MnerError } from "../core/mner-error.js";
import type { Query } from "../core/results.js";
import { FORMAT_VERSION, MANIFEST_LIMITS } from "./limits.js";
import { checkManifest, MANIFEST_FILE } from "./manifest.js";
import { ALIGNMENT, elementCount } from "./manifest-tensors.js";
import type {
  BaseFolder,
  FileEntry,
  FreeForm,
  ModelManifest,
  SelfTest,
  TensorEncoding,
  TensorEntry,
} from "./manifest-types.js";
import { encodeFloat16, encodeInt8, encodingFor, fitsFloat16, type WeightBits } from "./quantise.js";
import { sha256 } from "./sha256.js";

/** A tensor as a checkpoint has it, in PyTorch's layout. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What the manifest says beside the tables that the writer makes itself. */
export interface ModelDescription {
  /** Which network and decoding the weights are for. */
  readonly system: string;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** A date such as 2025-01-31; given, not read from the clock, so that the same input gives the same bytes. */
  readonly created: string;
  readonly config: FreeForm;
  readonly queries: readonly Query[];
  readonly metrics?: FreeForm;
  /** Uncalibrated (probabilities as the network gives them) when absent. */
  readonly calibration?: FreeForm;
  readonly selfTest?: SelfTest | null;
  /** What an add-on takes the rest of its weights from. */
  readonly base?: BaseFolder | null;
}

export interface WriteOptions {
  readonly description: ModelDescription;
  readonly tensors: Iterable<NamedTensor> | AsyncIterable<NamedTensor>;
  readonly tokenizerFiles: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  /** 8: int8 matrices and float16 for the rest; 16: float16; 32: float32. */
  readonly bits: WeightBits;
  /** Bits of the tensors that need other than `bits`. */
  readonly bitsOf?: (name: string) => WeightBits;
  /** Takes each finished file; the bytes are its own to keep. manifest.json comes last. */
  readonly writeFile: (path: string, bytes: Uint8Array) => void | Promise<void>;
  readonly shardBytes?: number;
  readonly signal?: AbortSignal;
  readonly onTensor?: (tensor: TensorEntry) => void;
}

/** Without measured calibration a logit's sigmoid is taken as it is. */
export const UNCALIBRATED: FreeForm = { spanThreshold: 0.5, span: { a: 1, b: 0 }, none: { a: 1, b: 0 } };

/** Writes all files of a model folder and returns the manifest, which has passed the same checks as when it is loaded. */
export async function writeModel(options: WriteOptions): Promise<ModelManifest> {
  const { description, bits, signal } = options;
  const stream = new ShardStream(options.writeFile, options.shardBytes ?? MANIFEST_LIMITS.shardBytes);
  const tensors: TensorEntry[] = [];
  for await (const tensor of options.tensors) {
    throwIfAborted(signal);
    const entry = await writeTensor(stream, tensor, options.bitsOf?.(tensor.name) ?? bits);
    tensors.push(entry);
    options.onTensor?.(entry);
  }
  await stream.finish();
  const files: FileEntry[] = [];
  for (const { path, bytes } of options.tokenizerFiles) {
    throwIfAborted(signal);
    files.push({ path, bytes: bytes.length, sha256: await sha256(bytes) });
    await options.writeFile(path, bytes);
  }
  const manifest: ModelManifest = {
    format: "mner-qg-model",
    formatVersion: FORMAT_VERSION,
    system: description.system,
    name: description.name,
    version: description.version,
    licence: description.licence,
    created: description.created,
    config: description.config,
    base: description.base ?? null,
    tokenizer: { files },
    queries: description.queries,
    metrics: description.metrics ?? {},
    calibration: description.calibration ?? UNCALIBRATED,
    selfTest: description.selfTest ?? null,
    shards: stream.shards,
    tensors,
  };
  // A folder that could not be read again must not be written: checked on what JSON keeps of it.
  const text = `${JSON.stringify(manifest, null, 1)}\n`;
  const checked = checkManifest(JSON.parse(text));
  throwIfAborted(signal);
  await options.writeFile(MANIFEST_FILE, new TextEncoder().encode(text));
  return checked;
}

async function writeTensor(stream: ShardStream, tensor: NamedTensor, bits: WeightBits): Promise<TensorEntry> {
  const { name, shape, values } = tensor;
  if (elementCount(shape) !== values.length) {
    throw new MnerError(
      "checkpoint-mismatch",
      `The tensor "${name}" has ${values.length} values, but its shape [${shape.join(", ")}] needs ${elementCount(shape)}.`,
    );
  }
  checkFinite(name, values);
  const encoding = chooseEncoding(shape, values, bits);
  const offset = stream.position;
  const shard = stream.shardIndex;
  if (encoding === "int8") {
    const rows = encodeInt8(values, shape[0]!);
    await stream.append(asBytes(rows.values));
    const scaleOffset = stream.position;
    await stream.append(asBytes(rows.scales));
    return { name, shape: [...shape], encoding, shard, offset, bytes: values.length, scaleOffset };
  }
  const data = encoding === "float16" ? encodeFloat16(values) : values;
  await stream.append(asBytes(data));
  return { name, shape: [...shape], encoding, shard, offset, bytes: data.byteLength };
}

/** As the format says, but a tensor with values beyond half precision keeps all of its bits rather than turn infinite. */
function chooseEncoding(shape: readonly number[], values: Float32Array, bits: WeightBits): TensorEncoding {
  const encoding = encodingFor(shape, bits);
  return encoding === "float16" && !fitsFloat16(values) ? "float32" : encoding;
}

function checkFinite(name: string, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) {
      throw new MnerError(
        "checkpoint-unsupported",
        `The tensor "${name}" holds ${values[i]} at position ${i}. Its training diverged; convert an earlier checkpoint.`,
      );
    }
  }
}

function asBytes(array: Int8Array | Uint16Array | Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** One endless byte stream on the way in, files of bounded size on the way out. */
class ShardStream {
  readonly shards: FileEntry[] = [];
  private readonly write: WriteOptions["writeFile"];
  private readonly shardBytes: number;
  private current: Uint8Array;
  private filled = 0;
  private flushed = 0;

  constructor(write: WriteOptions["writeFile"], shardBytes: number) {
    if (shardBytes < ALIGNMENT || shardBytes > MANIFEST_LIMITS.shardBytes || shardBytes % ALIGNMENT !== 0) {
      throw new MnerError(
        "option-invalid",
        `shardBytes must be a multiple of ${ALIGNMENT} up to ${MANIFEST_LIMITS.shardBytes}, but is ${shardBytes}.`,
      );
    }
    this.write = write;
    this.shardBytes = shardBytes;
    this.current = new Uint8Array(shardBytes);
  }

  get position(): number {
    return this.flushed + this.filled;
  }

  /** The shard that the next byte goes to. */
  get shardIndex(): number {
    return this.shards.length;
  }

  /** Appends bytes and zeros up to the next aligned place. */
  async append(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      const part = bytes.subarray(at, at + this.shardBytes - this.filled);
      this.current.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled === this.shardBytes) await this.flush();
    }
    const padding = (ALIGNMENT - (this.position % ALIGNMENT)) % ALIGNMENT;
    // Shards are a multiple of the alignment long, so padding never crosses into the next one.
    this.filled += padding;
    if (this.filled === this.shardBytes) await this.flush();
  }

  async finish(): Promise<void> {
    if (this.filled > 0) await this.flush();
  }

  private async flush(): Promise<void> {
    const bytes = this.current.slice(0, this.filled);
    const path = `weights-${this.shards.length}.bin`;
    this.shards.push({ path, bytes: bytes.length, sha256: await sha256(bytes) });
    this.flushed += bytes.length;
    this.filled = 0;
    this.current.fill(0);
    await this.write(path, bytes);
  }
}
