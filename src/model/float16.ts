// IEEE 754 half precision by hand: Float16Array is not in every browser yet, and both sides must agree to the last bit.

const FLOAT_VIEW = new Float32Array(1);
const BITS_VIEW = new Uint32Array(FLOAT_VIEW.buffer);

let decodeTable: Float32Array | undefined;

/** The largest finite half-precision number. */
export const FLOAT16_MAXIMUM = 65_504;

/** Rounds to the nearest half-precision number, ties to even, and returns its 16 bits. */
export function toFloat16Bits(value: number): number {
  FLOAT_VIEW[0] = value;
  const bits = BITS_VIEW[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x7f800000) {
    // Infinity keeps its sign; a NaN keeps its upper payload bits, as hardware does, and stays a (quiet) NaN.
    return magnitude === 0x7f800000 ? sign | 0x7c00 : sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  }
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and above round to infinity
  if (magnitude >= 0x38800000) {
    // Normal: shift the exponent's bias from 127 to 15; a carry out of the fraction rightly raises the exponent.
    return sign | roundShift(magnitude - 0x38000000, 13);
  }
  if (magnitude < 0x33000000) return sign; // below half of the smallest subnormal
  const exponent = magnitude >>> 23;
  return sign | roundShift((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** Shifts right and rounds to nearest, ties to even. */
function roundShift(value: number, shift: number): number {
  const half = 1 << (shift - 1);
  const rest = value & ((1 << shift) - 1);
  const quotient = value >>> shift;
  return rest > half || (rest === half && (quotient & 1) === 1) ? quotient + 1 : quotient;
}

/** All 65,536 values, made once: a look-up is several times faster than taking bits apart for millions of weights. */
export function float16Table(): Float32Array {
  if (decodeTable) return decodeTable;
  const table = new Float32Array(65_536);
  const bits = new Uint32Array(table.buffer);
  for (let half = 0; half < 65_536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) {
      table[half] = (half & 0x8000 ? -1 : 1) * fraction * 2 ** -24;
    } else if (exponent === 31) {
      bits[half] = (sign | 0x7f800000 | (fraction << 13)) >>> 0;
    } else {
      bits[half] = (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
    }
  }
  decodeTable = table;
  return table;
}
