// The number formats of checkpoints, and how each becomes float32, which is what the network and the writer take.

export type ElementType = "f64" | "f32" | "f16" | "bf16" | "i64" | "i32" | "i16" | "i8" | "u8" | "bool";

export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i64: 8,
  i32: 4,
  i16: 2,
  i8: 1,
  u8: 1,
  bool: 1,
};

/** Takes apart half precision: 1 sign bit, 5 exponent bits, 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Little-endian elements as float32. The bytes must be the caller's own and start at an even place of their buffer. */
export function toFloat32(bytes: Uint8Array, type: ElementType): Float32Array {
  const count = bytes.length / ELEMENT_BYTES[type];
  // A fresh buffer of its own is a multiple of 8 aligned; anything else is copied to be so.
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const { byteOffset } = aligned;
  const buffer = aligned.buffer as ArrayBuffer;
  switch (type) {
    case "f32":
      return new Float32Array(buffer, byteOffset, count);
    case "f64":
      return Float32Array.from(new Float64Array(buffer, byteOffset, count));
    case "f16":
      return Float32Array.from(new Uint16Array(buffer, byteOffset, count), halfToNumber);
    case "bf16": {
      const values = new Float32Array(count);
      const upper = new Uint16Array(buffer, byteOffset, count);
      const bits = new Uint32Array(values.buffer);
      for (let index = 0; index < count; index++) bits[index] = upper[index]! << 16;
      return values;
    }
    case "i64":
      return Float32Array.from({ length: count }, makeReader(new BigInt64Array(buffer, byteOffset, count)));
    case "i32":
      return Float32Array.from(new Int32Array(buffer, byteOffset, count));
    case "i16":
      return Float32Array.from(new Int16Array(buffer, byteOffset, count));
    case "i8":
      return Float32Array.from(new Int8Array(buffer, byteOffset, count));
    case "u8":
      return Float32Array.from(aligned);
    case "bool":
      return Float32Array.from(aligned, (value) => (value === 0 ? 0 : 1));
  }
}

function makeReader(values: BigInt64Array): (_: unknown, index: number) => number {
  return (_, index) => Number(values[index]!);
}
