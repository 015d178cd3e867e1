// The verified shards as one byte stream, out of which tensors are decoded one at a time, so that the float32 form of
// the whole model never exists beside its compressed form unless the caller keeps it.
import { MnerError } from "../core/mner-error.js";
import { SCALE_BYTES } from "./manifest-tensors.js";
import type { FileEntry, TensorEntry } from "./manifest-types.js";
import { decodeFloat16, decodeInt8 } from "./quantise.js";

/** A tensor ready to be handed to the network, in PyTorch's layout. */
export interface DecodedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Named weights over shards whose hashes have been checked. */
export interface Weights {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Shape of a tensor without decoding it. */
  shapeOf(name: string): readonly number[];
  /** Decodes one tensor; each call makes a fresh array. */
  read(name: string): DecodedTensor;
  /** Lets the shards' memory go; reading afterwards fails with `disposed`. */
  release(): void;
}

/** Opens shards (in the manifest's order, lengths already checked) for reading. */
export function openWeights(
  shards: readonly FileEntry[],
  bytes: readonly Uint8Array[],
  tensors: readonly TensorEntry[],
): Weights {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const starts: number[] = [];
  let total = 0;
  for (const shard of shards) {
    starts.push(total);
    total += shard.bytes;
  }
  let held: readonly Uint8Array[] | null = bytes;

  const find = (name: string): TensorEntry => {
    const tensor = byName.get(name);
    if (!tensor) {
      throw new MnerError(
        "model-mismatch",
        `The model has no tensor named "${name}". Its config and its weights belong to different networks: convert it again.`,
      );
    }
    return tensor;
  };
  const read = (name: string): DecodedTensor => {
    if (held === null) throw new MnerError("disposed", "The model's weights were released. Load the model again.");
    const tensor = find(name);
    const data = bytesAt(held, starts, tensor.offset, tensor.bytes);
    return { name, shape: tensor.shape, values: decode(tensor, data, held, starts) };
  };
  return {
    names: tensors.map((tensor) => tensor.name),
    has: (name) => byName.has(name),
    shapeOf: (name) => find(name).shape,
    read,
    release: () => {
      held = null;
    },
  };
}

/** An add-on's own weights, and its base's where it brings none. */
export function weightsOver(own: Weights, base: Weights): Weights {
  const of = (name: string): Weights => (own.has(name) ? own : base);
  return {
    names: [...new Set([...own.names, ...base.names])],
    has: (name) => own.has(name) || base.has(name),
    shapeOf: (name) => of(name).shapeOf(name),
    read: (name) => of(name).read(name),
    release: () => {
      own.release();
      base.release();
    },
  };
}

function decode(
  tensor: TensorEntry,
  data: Uint8Array,
  shards: readonly Uint8Array[],
  starts: readonly number[],
): Float32Array {
  if (tensor.encoding === "float16") return decodeFloat16(new Uint16Array(...span(data, 2)));
  if (tensor.encoding === "float32") return new Float32Array(...span(data, 4)).slice();
  const rows = tensor.shape[0]!;
  const scales = bytesAt(shards, starts, tensor.scaleOffset!, rows * SCALE_BYTES);
  return decodeInt8({
    values: new Int8Array(data.buffer, data.byteOffset, data.length),
    scales: new Float32Array(...span(scales, SCALE_BYTES)),
  });
}

/** Arguments for a typed array over the bytes, which are moved first if they do not begin where such an array may. */
function span(bytes: Uint8Array, elementBytes: number): [ArrayBuffer, number, number] {
  const aligned = bytes.byteOffset % elementBytes === 0 ? bytes : bytes.slice();
  return [aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.length / elementBytes];
}

/** A stretch of the stream: a view when one shard holds all of it, a copy when it straddles shards. */
function bytesAt(shards: readonly Uint8Array[], starts: readonly number[], offset: number, length: number): Uint8Array {
  let index = shardAt(starts, offset);
  let within = offset - starts[index]!;
  const first = shards[index]!;
  if (within + length <= first.length) return first.subarray(within, within + length);
  const joined = new Uint8Array(length);
  for (let filled = 0; filled < length; index++, within = 0) {
    const part = shards[index]!.subarray(within, within + length - filled);
    joined.set(part, filled);
    filled += part.length;
  }
  return joined;
}

/** The last shard that begins at or before the offset. */
function shardAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
