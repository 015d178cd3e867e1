// Checks of the manifest's tensor table: every tensor lies inside the shards, has the length its shape asks for, and
// shares no byte with another.
import {
  asInteger,
  asList,
  asMatch,
  asRecord,
  asText,
  describe,
  field,
  invalid,
  type JsonRecord,
} from "../core/json.js";
import { MANIFEST_LIMITS } from "./limits.js";
import type { FileEntry, TensorEncoding, TensorEntry } from "./manifest-types.js";

/** Bytes per element of each encoding. */
export const ELEMENT_BYTES: Readonly<Record<TensorEncoding, number>> = { int8: 1, float16: 2, float32: 4 };
/** Scales of int8 rows are float32. */
export const SCALE_BYTES = 4;
/** Every piece of data begins at a multiple of this. */
export const ALIGNMENT = 4;

const TENSOR_NAME = /^[A-Za-z0-9][A-Za-z0-9._/:-]*$/;

interface ByteRange {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** Number of elements of a shape; a scalar (no dimensions) has one. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function readTensors(value: unknown, shards: readonly FileEntry[]): TensorEntry[] {
  const shardStarts = [0];
  for (const shard of shards) shardStarts.push(shardStarts[shardStarts.length - 1]! + shard.bytes);
  const names = new Set<string>();
  const ranges: ByteRange[] = [];
  const tensors = asList(value, "tensors", 1, MANIFEST_LIMITS.tensors).map((entry, index) => {
    const tensor = readTensor(asRecord(entry, `tensors[${index}]`), index, shardStarts);
    if (names.has(tensor.name)) throw invalid("tensors", `name "${tensor.name}" twice`);
    names.add(tensor.name);
    ranges.push({ start: tensor.offset, end: tensor.offset + tensor.bytes, name: tensor.name });
    if (tensor.scaleOffset !== undefined) {
      const end = tensor.scaleOffset + tensor.shape[0]! * SCALE_BYTES;
      ranges.push({ start: tensor.scaleOffset, end, name: `${tensor.name} (scales)` });
    }
    return tensor;
  });
  checkDisjoint(ranges);
  return tensors;
}

function readTensor(record: JsonRecord, index: number, shardStarts: readonly number[]): TensorEntry {
  const here = `tensors[${index}]`;
  const total = shardStarts[shardStarts.length - 1]!;
  const name = asMatch(field(record, "name"), `${here}.name`, TENSOR_NAME, "letters, digits and . _ / : -", 200);
  const shape = asList(field(record, "shape"), `${here}.shape`, 0, MANIFEST_LIMITS.dimensions).map((size, axis) =>
    asInteger(size, `${here}.shape[${axis}]`, 1, MANIFEST_LIMITS.totalBytes),
  );
  const encoding = readEncoding(field(record, "encoding"), `${here}.encoding`);
  const bytes = asInteger(field(record, "bytes"), `${here}.bytes`, 1, total);
  const expected = elementCount(shape) * ELEMENT_BYTES[encoding];
  if (bytes !== expected) {
    throw invalid(`${here} (${name})`, `has ${bytes} bytes, but its shape in ${encoding} needs ${expected}`);
  }
  const offset = readOffset(field(record, "offset"), `${here}.offset`, bytes, total);
  const shard = asInteger(field(record, "shard"), `${here}.shard`, 0, shardStarts.length - 2);
  if (offset < shardStarts[shard]! || offset >= shardStarts[shard + 1]!) {
    throw invalid(`${here}.shard`, `is ${shard}, but the offset ${offset} lies in another shard`);
  }
  if (encoding !== "int8") {
    if (field(record, "scaleOffset") !== undefined) {
      throw invalid(`${here}.scaleOffset`, `is only for int8, but the encoding is ${encoding}`);
    }
    return { name, shape, encoding, shard, offset, bytes };
  }
  if (shape.length === 0) throw invalid(`${here}.shape`, "must have a first axis to scale by, since it is int8");
  const scaleBytes = shape[0]! * SCALE_BYTES;
  const scaleOffset = readOffset(field(record, "scaleOffset"), `${here}.scaleOffset`, scaleBytes, total);
  return { name, shape, encoding, shard, offset, bytes, scaleOffset };
}

function readEncoding(value: unknown, where: string): TensorEncoding {
  const text = asText(value, where, 100);
  if (text === "int8" || text === "float16" || text === "float32") return text;
  throw invalid(where, `must be int8, float16 or float32, but is ${describe(text)}`);
}

function readOffset(value: unknown, where: string, bytes: number, total: number): number {
  const offset = asInteger(value, where, 0, total);
  if (offset % ALIGNMENT !== 0) throw invalid(where, `must be a multiple of ${ALIGNMENT}, but is ${offset}`);
  if (offset + bytes > total) {
    throw invalid(where, `is ${offset}, and ${bytes} bytes from there run past the shards' ${total} bytes`);
  }
  return offset;
}

function checkDisjoint(ranges: ByteRange[]): void {
  ranges.sort((one, other) => one.start - other.start);
  for (let i = 1; i < ranges.length; i++) {
    const before = ranges[i - 1]!;
    const after = ranges[i]!;
    if (after.start < before.end) throw invalid("tensors", `"${before.name}" and "${after.name}" share bytes`);
  }
}
