// Reads safetensors: eight bytes of header length, a JSON header of names, shapes and places, then the numbers. Nothing of
// the header is believed before it is checked: types, sizes against places, places against the file, no gap, no overlap.
import { MnerError } from "../../core/mner-error.js";
import { type ByteSource, truncated } from "./byte-source.js";
import { type Checkpoint, type CheckpointTensor, countElements, shown } from "./checkpoint.js";
import { ELEMENT_BYTES, type ElementType, toFloat32 } from "./element-type.js";
import { CHECKPOINT_LIMITS } from "./limits.js";

const LENGTH_BYTES = 8;

const elementTypes: ReadonlyMap<string, ElementType> = new Map([
  ["F64", "f64"],
  ["F32", "f32"],
  ["F16", "f16"],
  ["BF16", "bf16"],
  ["I64", "i64"],
  ["I32", "i32"],
  ["I16", "i16"],
  ["I8", "i8"],
  ["U8", "u8"],
  ["BOOL", "bool"],
]);

interface Place {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/** Whether the file begins as a safetensors file does: a header length that fits, then an object. */
export function looksLikeSafetensors(source: ByteSource): boolean {
  if (source.size < LENGTH_BYTES + 2) return false;
  const start = source.read(0, LENGTH_BYTES + 1);
  return start[LENGTH_BYTES] === 0x7b;
}

export function readSafetensors(source: ByteSource): Checkpoint {
  const header = readHeader(source);
  const dataStart = LENGTH_BYTES + header.bytes;
  const tensors = new Map<string, CheckpointTensor>();
  const places: Place[] = [];
  for (const [name, entry] of Object.entries(header.value)) {
    if (name === "__metadata__") continue;
    const { shape, type, begin, end } = readEntry(source, name, entry);
    places.push({ name, begin, end });
    tensors.set(name, {
      name,
      shape,
      type,
      read: () => toFloat32(source.read(dataStart + begin, end - begin), type),
    });
  }
  if (tensors.size > CHECKPOINT_LIMITS.tensors) {
    throw unsupported(
      source,
      `it lists ${tensors.size} tensors, more than the ${CHECKPOINT_LIMITS.tensors} that are read`,
    );
  }
  requireNoGaps(source, places, source.size - dataStart);
  return { tensors, close: () => source.close() };
}

function unsupported(source: ByteSource, problem: string): MnerError {
  return new MnerError(
    "checkpoint-unsupported",
    `${source.name} is not a safetensors file this version reads: ${problem}. Save it again with safetensors.torch.save_file.`,
  );
}

function readHeader(source: ByteSource): { bytes: number; value: Record<string, unknown> } {
  const length = new DataView(source.read(0, LENGTH_BYTES).buffer).getBigUint64(0, true);
  if (length > BigInt(CHECKPOINT_LIMITS.headerBytes)) {
    throw unsupported(
      source,
      `its header claims ${length} bytes (at most ${CHECKPOINT_LIMITS.headerBytes} are read); the file may be of another kind or of the wrong byte order`,
    );
  }
  const bytes = Number(length);
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(source.read(LENGTH_BYTES, bytes));
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof MnerError) throw error;
    throw truncated(source, "its header is not JSON", error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw unsupported(source, "its header is not an object");
  }
  return { bytes, value: value as Record<string, unknown> };
}

function readEntry(source: ByteSource, name: string, entry: unknown) {
  if (typeof entry !== "object" || entry === null)
    throw unsupported(source, `the entry ${shown(name)} is not an object`);
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  const type = typeof dtype === "string" ? elementTypes.get(dtype) : undefined;
  if (type === undefined) {
    throw unsupported(
      source,
      `the tensor ${shown(name)} has the number format ${shown(String(dtype))}, which is not read`,
    );
  }
  if (!isSizes(shape) || shape.length > CHECKPOINT_LIMITS.dimensions) {
    throw unsupported(source, `the tensor ${shown(name)} has no readable shape`);
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw unsupported(source, `the tensor ${shown(name)} has no readable place`);
  }
  const [begin, end] = offsets as [number, number];
  const needed = countElements(shape) * ELEMENT_BYTES[type];
  if (end - begin !== needed) {
    const wanted = Number.isSafeInteger(needed) ? needed : "more than can be counted";
    throw truncated(
      source,
      `the tensor ${shown(name)} of shape [${shape.join(", ")}] has ${end - begin} bytes, but needs ${wanted}`,
    );
  }
  return { shape, type, begin, end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** The format's own promise: the tensors fill the data without gap or overlap, in some order. */
function requireNoGaps(source: ByteSource, places: Place[], dataBytes: number): void {
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of places) {
    if (begin !== at) {
      throw truncated(
        source,
        `the tensor ${shown(name)} begins at ${begin} instead of ${at}, so tensors overlap or miss bytes`,
      );
    }
    at = end;
  }
  if (at !== dataBytes) throw truncated(source, `its tensors need ${at} bytes, but it holds ${dataBytes}`);
}
