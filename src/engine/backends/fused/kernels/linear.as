// Linear layers. The rows may lie in up to four matrices side by side, as a concatenation would have them: `x0` has the first
// `k0` columns, and so on; a part that is missing has none. Rows `from` to `to` are computed. `plus`
// (or 0) is added to what comes out. Matrices and biases come in panels
// of eight columns, the last one filled up with zeros.
import { copyRow, quantiseRow } from "./gather";
import { storeColumns, madd } from "./math";

/** Rows that are gathered or quantised at a time: few enough to stay in the nearest caches. */
const BLOCK: i32 = 32;

/** Bytes of scratch memory that one thread needs for `linear` over more than one part, and for `linear16`. */
export function linearScratch(k: i32): i32 {
  let padded = (k + 7) & ~7;
  // Gathered rows as they are, or quantised rows, their steps and a widened panel.
  return max(BLOCK * padded * 4, BLOCK * (padded * 2 + 4) + padded * 16);
}

/** Multiplied as they are, in single precision. */
export function linear(
  x0: usize,
  k0: i32,
  x1: usize,
  k1: i32,
  x2: usize,
  k2: i32,
  x3: usize,
  k3: i32,
  panels: usize,
  bias: usize,
  out: usize,
  n: i32,
  activation: i32,
  plus: usize,
  plusRows: i32,
  scratch: usize,
  from: i32,
  to: i32,
): void {
  let k = k0 + k1 + k2 + k3;
  let inBytes = <usize>k << 2;
  let outBytes = <usize>n << 2;
  if (k == k0) {
    floats(x0 + <usize>from * inBytes, panels, bias, out + <usize>from * outBytes, to - from, k, n, activation);
    if (plus) addRows(out, plus, plusRows, n, from, to);
    return;
  }
  for (let first = from; first < to; first += BLOCK) {
    let rows = min(BLOCK, to - first);
    for (let row = 0; row < rows; row++) {
      copyRow(x0, k0, x1, k1, x2, k2, x3, k3, first + row, scratch + <usize>row * inBytes);
    }
    floats(scratch, panels, bias, out + <usize>first * outBytes, rows, k, n, activation);
    if (plus) addRows(out, plus, plusRows, n, first, first + rows);
  }
}

function floats(x: usize, panels: usize, bias: usize, out: usize, m: i32, k: i32, n: i32, activation: i32): void {
  let inBytes = <usize>k << 2;
  let outBytes = <usize>n << 2;
  for (let j = 0; j < n; j += 8) {
    let low = v128.load(bias);
    let high = v128.load(bias + 16);
    let columns = min(8, n - j);
    let row = x;
    let to = out + (<usize>j << 2);
    for (let i = 0; i < m; i += 4) {
      let here = min(4, m - i);
      // Rows that are not there are computed as copies of the first, and not stored.
      let row1 = here > 1 ? row + inBytes : row;
      let row2 = here > 2 ? row + 2 * inBytes : row;
      let row3 = here > 3 ? row + 3 * inBytes : row;
      let a0 = low;
      let a1 = high;
      let b0 = low;
      let b1 = high;
      let c0 = low;
      let c1 = high;
      let d0 = low;
      let d1 = high;
      let at = panels;
      for (let d: usize = 0; d < inBytes; d += 4) {
        let w0 = v128.load(at);
        let w1 = v128.load(at + 16);
        let value = v128.load32_splat(row + d);
        a0 = madd(value, w0, a0);
        a1 = madd(value, w1, a1);
        value = v128.load32_splat(row1 + d);
        b0 = madd(value, w0, b0);
        b1 = madd(value, w1, b1);
        value = v128.load32_splat(row2 + d);
        c0 = madd(value, w0, c0);
        c1 = madd(value, w1, c1);
        value = v128.load32_splat(row3 + d);
        d0 = madd(value, w0, d0);
        d1 = madd(value, w1, d1);
        at += 32;
      }
      storeColumns(to, a0, a1, columns, activation);
      if (here > 1) storeColumns(to + outBytes, b0, b1, columns, activation);
      if (here > 2) storeColumns(to + 2 * outBytes, c0, c1, columns, activation);
      if (here > 3) storeColumns(to + 3 * outBytes, d0, d1, columns, activation);
      row += 4 * inBytes;
      to += 4 * outBytes;
    }
    panels += inBytes << 3;
    bias += 32;
  }
}

/**
 * Weights of eight bits, each column with its step (`steps`, in panels like the bias), times rows that are quantised here, each
 * to whole numbers up to `top`. Products of sixteen bits are summed in 32, which `top` must leave room for. The matrix is in
 * panels of eight columns, two numbers of a column side by side, and as deep as `k` filled up to a multiple of eight.
 */
export function linear16(
  x0: usize,
  k0: i32,
  x1: usize,
  k1: i32,
  x2: usize,
  k2: i32,
  x3: usize,
  k3: i32,
  panels: usize,
  steps: usize,
  bias: usize,
  out: usize,
  n: i32,
  activation: i32,
  top: f32,
  plus: usize,
  plusRows: i32,
  scratch: usize,
  from: i32,
  to: i32,
): void {
  let padded = (k0 + k1 + k2 + k3 + 7) & ~7;
  let inBytes = <usize>padded << 1;
  let outBytes = <usize>n << 2;
  let rowSteps = scratch + <usize>BLOCK * inBytes;
  let wide = rowSteps + BLOCK * 4;
  for (let first = from; first < to; first += BLOCK) {
    let rows = min(BLOCK, to - first);
    for (let row = 0; row < rows; row++) {
      let step = quantiseRow(x0, k0, x1, k1, x2, k2, x3, k3, first + row, scratch + <usize>row * inBytes, top);
      store<f32>(rowSteps + (<usize>row << 2), step);
    }
    let panel = panels;
    for (let j = 0; j < n; j += 8) {
      widen(panel, wide, inBytes << 3);
      let shift = <usize>j << 2;
      let to = out + <usize>first * outBytes + shift;
      let columns = min(8, n - j);
      wholes(scratch, inBytes, wide, steps + shift, bias + shift, rowSteps, to, outBytes, rows, columns, activation);
      panel += inBytes << 2;
    }
    if (plus) addRows(out, plus, plusRows, n, first, first + rows);
  }
}

/** What is added after the activation, while the rows are still near: `plusRows` rows, again and again. */
function addRows(out: usize, plus: usize, plusRows: i32, n: i32, from: i32, to: i32): void {
  let bytes = <usize>n << 2;
  let whole = <usize>(n & ~3) << 2;
  for (let row = from; row < to; row++) {
    let at = out + <usize>row * bytes;
    let other = plus + <usize>(row % plusRows) * bytes;
    let d: usize = 0;
    for (; d < whole; d += 16) v128.store(at + d, f32x4.add(v128.load(at + d), v128.load(other + d)));
    for (; d < bytes; d += 4) store<f32>(at + d, load<f32>(at + d) + load<f32>(other + d));
  }
}

function widen(from: usize, to: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 32) {
    let both = v128.load(from + (at >> 1));
    v128.store(to + at, i16x8.extend_low_i8x16_s(both));
    v128.store(to + at + 16, i16x8.extend_high_i8x16_s(both));
  }
}

function dot(sum: v128, a: v128, w: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(a, w));
}

/** Some rows of whole numbers times one panel. */
function wholes(
  row: usize,
  inBytes: usize,
  panel: usize,
  steps: usize,
  bias: usize,
  rowSteps: usize,
  to: usize,
  outBytes: usize,
  m: i32,
  columns: i32,
  activation: i32,
): void {
  for (let i = 0; i < m; i += 4) {
    let here = min(4, m - i);
    let row1 = here > 1 ? row + inBytes : row;
    let row2 = here > 2 ? row + 2 * inBytes : row;
    let row3 = here > 3 ? row + 3 * inBytes : row;
    let a0 = i32x4.splat(0);
    let a1 = a0;
    let b0 = a0;
    let b1 = a0;
    let c0 = a0;
    let c1 = a0;
    let d0 = a0;
    let d1 = a0;
    let at = panel;
    for (let d: usize = 0; d < inBytes; d += 4) {
      let w0 = v128.load(at);
      let w1 = v128.load(at, 16);
      let pair = v128.load32_splat(row + d);
      a0 = dot(a0, pair, w0);
      a1 = dot(a1, pair, w1);
      pair = v128.load32_splat(row1 + d);
      b0 = dot(b0, pair, w0);
      b1 = dot(b1, pair, w1);
      pair = v128.load32_splat(row2 + d);
      c0 = dot(c0, pair, w0);
      c1 = dot(c1, pair, w1);
      pair = v128.load32_splat(row3 + d);
      d0 = dot(d0, pair, w0);
      d1 = dot(d1, pair, w1);
      at += 32;
    }
    put(to, a0, a1, rowSteps, steps, bias, columns, activation);
    if (here > 1) put(to + outBytes, b0, b1, rowSteps + 4, steps, bias, columns, activation);
    if (here > 2) put(to + 2 * outBytes, c0, c1, rowSteps + 8, steps, bias, columns, activation);
    if (here > 3) put(to + 3 * outBytes, d0, d1, rowSteps + 12, steps, bias, columns, activation);
    row += 4 * inBytes;
    to += 4 * outBytes;
    rowSteps += 16;
  }
}

/** Sums of whole numbers back to floats: times the row's step and the column's. */
function put(
  to: usize,
  low: v128,
  high: v128,
  rowStep: usize,
  steps: usize,
  bias: usize,
  columns: i32,
  activation: i32,
): void {
  let step = v128.load32_splat(rowStep);
  let a = madd(f32x4.convert_i32x4_s(low), f32x4.mul(step, v128.load(steps)), v128.load(bias));
  let b = madd(f32x4.convert_i32x4_s(high), f32x4.mul(step, v128.load(steps, 16)), v128.load(bias, 16));
  storeColumns(to, a, b, columns, activation);
}
