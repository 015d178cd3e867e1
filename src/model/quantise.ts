// Encodes float32 tensors for download and decodes them again, by rules that give the same bits in Python and here.
//
// int8, symmetric per row of axis 0: scale = float32(largest magnitude / 127), q = round-half-to-even of the float32
// quotient value / scale, clamped to ±127, and back: float32(q · scale). A row whose scale is 0 holds zeros.
import { FLOAT16_MAXIMUM, float16Table, toFloat16Bits } from "./float16.js";
import { elementCount } from "./manifest-tensors.js";
import type { TensorEncoding } from "./manifest-types.js";

const INT8_LIMIT = 127;
/** Smaller tensors are not worth their scales. */
const LEAST_INT8_ELEMENTS = 1024;

export interface Int8Rows {
  readonly values: Int8Array;
  /** One per entry of axis 0. */
  readonly scales: Float32Array;
}

/** How many bits a weight may take. */
export type WeightBits = 8 | 16 | 32;

/** The encoding a tensor gets: matrices and kernels in int8, small things in float16, when asked for 8 bits. */
export function encodingFor(shape: readonly number[], bits: WeightBits): TensorEncoding {
  if (bits === 32) return "float32";
  if (bits === 8 && shape.length >= 2 && elementCount(shape) >= LEAST_INT8_ELEMENTS) return "int8";
  return "float16";
}

/** Rounds to the nearest whole number, ties to even, as numpy and PyTorch do (Math.round takes ties upwards). */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Quantises row by row; the values must be finite (the writer checks). */
export function encodeInt8(values: Float32Array, rows: number): Int8Rows {
  const width = values.length / rows;
  const quantised = new Int8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * width;
    const end = start + width;
    let largest = 0;
    for (let i = start; i < end; i++) {
      const magnitude = Math.abs(values[i]!);
      if (magnitude > largest) largest = magnitude;
    }
    scales[row] = largest / INT8_LIMIT;
    const scale = scales[row]!;
    if (scale === 0) continue;
    for (let i = start; i < end; i++) {
      const rounded = roundHalfEven(Math.fround(values[i]! / scale));
      quantised[i] = Math.max(-INT8_LIMIT, Math.min(INT8_LIMIT, rounded));
    }
  }
  return { values: quantised, scales };
}

export function decodeInt8(rows: Int8Rows): Float32Array {
  const { values, scales } = rows;
  const decoded = new Float32Array(values.length);
  const width = values.length / scales.length;
  for (let row = 0, i = 0; row < scales.length; row++) {
    const scale = scales[row]!;
    for (const end = i + width; i < end; i++) decoded[i] = values[i]! * scale;
  }
  return decoded;
}

export function encodeFloat16(values: Float32Array): Uint16Array {
  const encoded = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) encoded[i] = toFloat16Bits(values[i]!);
  return encoded;
}

export function decodeFloat16(bits: Uint16Array): Float32Array {
  const table = float16Table();
  const decoded = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) decoded[i] = table[bits[i]!]!;
  return decoded;
}

/** Whether float16 can hold every value without turning it into infinity. */
export function fitsFloat16(values: Float32Array): boolean {
  for (const value of values) {
    if (Math.abs(value) > FLOAT16_MAXIMUM) return false;
  }
  return true;
}
