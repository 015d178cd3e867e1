// Reads what torch.save writes since PyTorch 1.6: a zip archive with one pickle of names, shapes and references, and one
// part per block of numbers. Older kinds are recognised only to say what to do about them.
import { MnerError } from "../../core/mner-error.js";
import { type ByteSource, truncated } from "./byte-source.js";
import { type Checkpoint, type CheckpointTensor, countElements, shown } from "./checkpoint.js";
import { ELEMENT_BYTES, type ElementType, toFloat32 } from "./element-type.js";
import { CHECKPOINT_LIMITS } from "./limits.js";
import { readPickle } from "./pickle.js";
import { isKind, type PickleDict, type PickleTensor, type PickleValue } from "./pickle-values.js";
import { openZip, type ZipArchive, type ZipEntry } from "./zip.js";

const storageTypes: ReadonlyMap<string, ElementType> = new Map([
  ["torch.DoubleStorage", "f64"],
  ["torch.FloatStorage", "f32"],
  ["torch.HalfStorage", "f16"],
  ["torch.BFloat16Storage", "bf16"],
  ["torch.LongStorage", "i64"],
  ["torch.IntStorage", "i32"],
  ["torch.ShortStorage", "i16"],
  ["torch.CharStorage", "i8"],
  ["torch.ByteStorage", "u8"],
  ["torch.BoolStorage", "bool"],
]);

/** Under these names training scripts keep the weights when they save more than the weights. */
const WRAPPERS = ["state_dict", "model_state_dict", "model"];

const LEGACY_START = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

function unsupported(source: ByteSource, problem: string, remedy: string): MnerError {
  return new MnerError("checkpoint-unsupported", `${source.name} ${problem}. ${remedy}`);
}

/** Files of PyTorch before 1.6 begin with a magic number, or are tar archives. */
export function looksLikeLegacyTorch(source: ByteSource): boolean {
  const start = source.read(0, Math.min(source.size, 262));
  const isTar = start.length === 262 && new TextDecoder().decode(start.subarray(257)) === "ustar";
  return isTar || LEGACY_START.every((byte, index) => start[index] === byte);
}

export function legacyTorchError(source: ByteSource): MnerError {
  return unsupported(
    source,
    "was written by PyTorch before 1.6 (or with the old serialization)",
    'Load it in Python and save it again: torch.save(torch.load("old.pt", weights_only=True), "new.pt").',
  );
}

/** Reads the archive's pickle; the numbers are read tensor by tensor later. */
export function readTorchCheckpoint(source: ByteSource): Checkpoint {
  const zip = openZip(source);
  const description = findDescription(source, zip);
  const prefix = description.name.slice(0, -"data.pkl".length);
  requireLittleEndian(source, zip, prefix);
  if (zip.entries.has(`${prefix}constants.pkl`)) {
    throw unsupported(
      source,
      "is a TorchScript archive",
      "Save its weights only: torch.save(model.state_dict(), path).",
    );
  }
  if (description.size > CHECKPOINT_LIMITS.pickleBytes) {
    throw unsupported(
      source,
      `describes its contents in ${description.size} bytes (at most ${CHECKPOINT_LIMITS.pickleBytes} are read)`,
      "Save only the weights: torch.save(model.state_dict(), path).",
    );
  }
  const root = readPickle(source, zip.read(description, 0, description.size));
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, value] of findStateDict(source, root).entries) {
    if (typeof name !== "string" || !isKind(value, "tensor")) continue;
    tensors.set(name, openTensor(source, zip, prefix, name, value));
  }
  return { format: "pytorch", tensors, close: () => source.close() };
}

/** The archive has one folder, whose name is up to whoever saved it. */
function findDescription(source: ByteSource, zip: ZipArchive): ZipEntry {
  const found = [...zip.entries.values()].filter(({ name }) => /^(?:[^/]+\/)?data\.pkl$/.test(name));
  if (found.length !== 1) {
    throw unsupported(
      source,
      "is a zip archive, but not one that torch.save writes (it has no data.pkl)",
      "Give a PyTorch state dict (.pt, .bin) or a safetensors file.",
    );
  }
  return found[0]!;
}

function requireLittleEndian(source: ByteSource, zip: ZipArchive, prefix: string): void {
  const entry = zip.entries.get(`${prefix}byteorder`);
  if (entry === undefined) return; // Not written before PyTorch 2.1; those files are little-endian in practice.
  const order = new TextDecoder().decode(zip.read(entry, 0, Math.min(entry.size, 16)));
  if (order === "little") return;
  throw unsupported(
    source,
    `has the byte order ${shown(order)}; only little-endian is read`,
    "Load it in Python on an ordinary machine and save it again.",
  );
}

function holdsTensors(value: PickleValue | undefined): value is PickleDict {
  return isKind(value, "dict") && [...value.entries.values()].some((entry) => isKind(entry, "tensor"));
}

/** The state dict itself, or the one that a training script keeps beside its optimiser. */
function findStateDict(source: ByteSource, root: PickleValue): PickleDict {
  if (isKind(root, "dict")) {
    for (const wrapper of WRAPPERS) {
      const inner = root.entries.get(wrapper);
      if (holdsTensors(inner)) return inner;
    }
    if (holdsTensors(root)) return root;
  }
  const keys = isKind(root, "dict") ? [...root.entries.keys()].filter((key) => typeof key === "string") : [];
  const listed =
    keys.length > 0
      ? `only ${keys
          .slice(0, 10)
          .map((key) => shown(key, 40))
          .join(", ")}`
      : "no names at all";
  throw unsupported(
    source,
    `holds no state dict (${listed})`,
    "Save the weights with torch.save(model.state_dict(), path).",
  );
}

function openTensor(
  source: ByteSource,
  zip: ZipArchive,
  prefix: string,
  name: string,
  tensor: PickleTensor,
): CheckpointTensor {
  const { storage, shape, strides, offset } = tensor;
  const type = storageTypes.get(storage.storageType)!;
  const entry = zip.entries.get(`${prefix}data/${storage.key}`);
  if (entry === undefined) throw truncated(source, `the numbers of ${shown(name)} are missing`);
  if (entry.size !== storage.elements * ELEMENT_BYTES[type]) {
    throw truncated(
      source,
      `the numbers of ${shown(name)} take ${entry.size} bytes, but ${storage.elements} are promised`,
    );
  }
  const count = countElements(shape);
  // A view that repeats its numbers could be astronomically larger than the file.
  if (!(count <= storage.elements)) {
    throw unsupported(
      source,
      `has a tensor ${shown(name)} of shape [${shape.join(", ")}] over only ${storage.elements} numbers`,
      "Make it whole before saving: tensor.contiguous().",
    );
  }
  const last = count === 0 ? 0 : shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
  if (count > 0 && !(last < storage.elements)) {
    throw truncated(source, `the tensor ${shown(name)} reaches beyond its ${storage.elements} numbers`);
  }
  return {
    name,
    shape,
    type,
    read() {
      if (count === 0) return new Float32Array(0);
      const width = ELEMENT_BYTES[type];
      const bytes = zip.read(entry, offset * width, (last - offset + 1) * width);
      const values = toFloat32(bytes, type);
      return isContiguous(shape, strides) ? values : gather(values, shape, strides, count);
    },
  };
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** Puts the elements of a transposed or cut view into row-major order. */
function gather(
  values: Float32Array,
  shape: readonly number[],
  strides: readonly number[],
  count: number,
): Float32Array {
  const ordered = new Float32Array(count);
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < count; to++) {
    ordered[to] = values[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1;
      from += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return ordered;
}
