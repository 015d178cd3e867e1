// Finds the eight bits again in weights that were read from them: a row's numbers are then all whole multiples of one step, up to
// 127 of it. Scaling a row, or folding a norm into it, only changes its step.
import { DEPTH, PANEL } from "./fused.js";

const LARGEST = 127;
/** How far from a whole number of steps a weight may be: far more than rounding leaves, far less than chance allows. */
const TOLERANCE = 1e-3;
/** Thinner layers take longer to quantise their rows for than they save. */
const FEWEST_INPUTS = 96;
const FEWEST_OUTPUTS = 96;
/** Sums of so many products leave rows twelve bits even where all weights are at their largest. */
const MOST_INPUTS = 8192;

/** A row of `inputs` numbers per output. */
interface Rows {
  readonly inputs: number;
  readonly outputs: number;
  readonly values: Float32Array;
}

export interface SteppedMatrix {
  /** In panels of neighbouring outputs; of each, two inputs side by side, as deep as the inputs filled up to a multiple of DEPTH. */
  readonly values: Int8Array;
  /** One per output. */
  readonly steps: Float32Array;
  /** To so large whole numbers the rows may be quantised: sums of their products with any output's weights stay within 32 bits. */
  readonly top: number;
}

/** The matrix in steps, or null when its numbers are not of eight bits, or it is too thin to be worth it. */
export function toSteps({ inputs, outputs, values }: Rows): SteppedMatrix | null {
  if (inputs < FEWEST_INPUTS || outputs < FEWEST_OUTPUTS || inputs > MOST_INPUTS) return null;
  const depth = Math.ceil(inputs / DEPTH) * DEPTH;
  const found = new Int8Array(Math.ceil(outputs / PANEL) * PANEL * depth);
  const steps = new Float32Array(outputs);
  let heaviest = 1;
  for (let output = 0; output < outputs; output++) {
    const from = output * inputs;
    const step = largest(values, from, from + inputs) / LARGEST;
    if (step === 0) continue;
    steps[output] = step;
    const column = output % PANEL;
    let weight = 0;
    const to = (output - column) * depth + column * 2;
    for (let input = 0; input < inputs; input++) {
      const exact = values[from + input]! / step;
      const whole = Math.round(exact);
      if (!(Math.abs(exact - whole) < TOLERANCE)) return null;
      found[to + (input >> 1) * 2 * PANEL + (input & 1)] = whole;
      weight += Math.abs(whole);
    }
    heaviest = Math.max(heaviest, weight);
  }
  const top = Math.min(2 ** 15 - 1, Math.floor((2 ** 31 - 1) / heaviest));
  return { values: found, steps, top };
}

/** A table of rows, kept in eight bits where it came in eight bits: a vocabulary's is most of what a small model holds. */
export interface RowTable {
  /** Adds a row to what is there, from `at` on. */
  addRow(row: number, sums: Float32Array, at: number): void;
}

export function toRowTable(values: Float32Array, width: number): RowTable {
  const packed = packRows(values, width);
  return packed === null ? floatRows(values, width) : steppedRows(packed, width);
}

interface PackedRows {
  readonly bytes: Int8Array;
  readonly steps: Float32Array;
}

// Functions of their own: one that held both forms in sight would keep both in memory.
const floatRows = (values: Float32Array, width: number): RowTable => ({
  addRow(row, sums, at) {
    const from = row * width;
    for (let i = 0; i < width; i++) sums[at + i]! += values[from + i]!;
  },
});

const steppedRows = ({ bytes, steps }: PackedRows, width: number): RowTable => ({
  addRow(row, sums, at) {
    const [from, step] = [row * width, steps[row]!];
    for (let i = 0; i < width; i++) sums[at + i]! += bytes[from + i]! * step;
  },
});

function packRows(values: Float32Array, width: number): PackedRows | null {
  const bytes = new Int8Array(values.length);
  const steps = new Float32Array(values.length / width);
  for (let row = 0; row < steps.length; row++) {
    const [from, end] = [row * width, (row + 1) * width];
    const step = largest(values, from, end) / LARGEST;
    if (step === 0) continue;
    steps[row] = step;
    for (let at = from; at < end; at++) {
      const exact = values[at]! / step;
      const whole = Math.round(exact);
      if (!(Math.abs(exact - whole) < TOLERANCE)) return null;
      bytes[at] = whole;
    }
  }
  return { bytes, steps };
}

function largest(values: Float32Array, from: number, to: number): number {
  let most = 0;
  for (let at = from; at < to; at++) most = Math.max(most, Math.abs(values[at]!));
  return most;
}
