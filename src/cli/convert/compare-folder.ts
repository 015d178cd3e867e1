// Compares a written model folder with the float32 weights it came from, module by module.
import { throwIfAborted } from "../../core/abort.js";
import { MnerError } from "../../core/mner-error.js";
import { formatBytes, formatTable } from "../terminal/table.js";
import type { FolderReader } from "./folder-reader.js";
import type { PlannedTensor } from "./plan-tensors.js";

export interface ModuleError {
  readonly module: string;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
  /** Largest difference of any weight. */
  readonly largest: number;
  /** Root mean square of the differences over that of the weights. */
  readonly relative: number;
}

interface Sums {
  tensors: number;
  parameters: number;
  bytes: number;
  largest: number;
  squaredError: number;
  squaredValue: number;
}

/** The first two parts of a name, which is where the network's modules are told apart; numbers belong to the part before. */
function moduleOf(name: string): string {
  const parts = name.split(".").slice(0, -1);
  const words = parts.filter((part) => !/^\d+$/.test(part));
  return words.slice(0, 2).join(".") || name;
}

/** Reads every tensor of both sides once. */
export async function compareFolder(
  folder: FolderReader,
  planned: readonly PlannedTensor[],
  signal?: AbortSignal,
): Promise<ModuleError[]> {
  const sources = new Map(planned.map((tensor) => [tensor.name, tensor]));
  const modules = new Map<string, Sums>();
  for (const entry of folder.manifest.tensors) {
    throwIfAborted(signal);
    const source = sources.get(entry.name);
    if (source === undefined)
      throw new MnerError("internal", `The written tensor ${entry.name} has no source. Please report it.`);
    sources.delete(entry.name);
    const module = moduleOf(entry.name);
    const sums = modules.get(module) ?? {
      tensors: 0,
      parameters: 0,
      bytes: 0,
      largest: 0,
      squaredError: 0,
      squaredValue: 0,
    };
    modules.set(module, sums);
    addErrors(sums, source.read(), await folder.readTensor(entry));
    sums.tensors++;
    sums.bytes += entry.bytes + (entry.scaleOffset === undefined ? 0 : 4 * entry.shape[0]!);
  }
  if (sources.size > 0) {
    throw new MnerError(
      "internal",
      `${sources.size} tensors were not written, such as ${[...sources.keys()][0]}. Please report it.`,
    );
  }
  return [...modules].map(([module, sums]) => ({
    module,
    tensors: sums.tensors,
    parameters: sums.parameters,
    bytes: sums.bytes,
    largest: sums.largest,
    relative: sums.squaredValue === 0 ? 0 : Math.sqrt(sums.squaredError / sums.squaredValue),
  }));
}

function addErrors(sums: Sums, expected: Float32Array, found: Float32Array): void {
  if (expected.length !== found.length) {
    throw new MnerError(
      "internal",
      `A tensor of ${expected.length} values came back with ${found.length}. Please report it.`,
    );
  }
  let { largest, squaredError, squaredValue } = sums;
  for (let index = 0; index < expected.length; index++) {
    const error = Math.abs(expected[index]! - found[index]!);
    if (error > largest) largest = error;
    squaredError += error * error;
    squaredValue += expected[index]! * expected[index]!;
  }
  sums.parameters += expected.length;
  sums.largest = largest;
  sums.squaredError = squaredError;
  sums.squaredValue = squaredValue;
}

export function formatErrors(errors: readonly ModuleError[]): string {
  const rows = errors.map((error) => [
    error.module,
    String(error.tensors),
    String(error.parameters),
    formatBytes(error.bytes),
    error.largest.toExponential(2),
    `${(100 * error.relative).toFixed(4)} %`,
  ]);
  return formatTable(["module", "tensors", "weights", "size", "largest error", "relative error"], rows);
}
