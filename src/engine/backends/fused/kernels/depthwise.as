// Depthwise convolutions: each channel by itself, over maps whose cells hold their channels side by side. There are four
// channels at least; where their number is no multiple of four, the last four are computed together once more.
import { activate, madd } from "./math";

/** Rows `from` to `to` of the output, counted through all maps. Filters are [kernel, kernel, channels]; borders count as zeros. */
export function depthwise(
  x: usize,
  filter: usize,
  bias: usize,
  out: usize,
  height: i32,
  width: i32,
  channels: i32,
  kernel: i32,
  stride: i32,
  activation: i32,
  scratch: usize,
  from: i32,
  to: i32,
): void {
  let pad = (kernel - 1) >> 1;
  let outHeight = (height + 2 * pad - kernel) / stride + 1;
  let outWidth = (width + 2 * pad - kernel) / stride + 1;
  let cell = <usize>channels << 2;
  for (let row = from; row < to; row++) {
    let map = x + <usize>(row / outHeight) * height * width * cell;
    let top = (row % outHeight) * stride - pad;
    let here = out + <usize>row * outWidth * cell;
    let inside = kernel == 3 && top >= 0 && top + 3 <= height;
    for (let c = 0; c < channels; c += 4) {
      let shift = <usize>min(c, channels - 4) << 2;
      let added = v128.load(bias + shift);
      // Columns whose whole window lies in the map.
      let first = (pad + stride - 1) / stride;
      let last = (width - kernel + pad) / stride;
      if (!inside || last < first) {
        first = outWidth;
        last = outWidth - 1;
      }
      for (let column = 0; column < first; column++) {
        edge(map, filter, added, here, height, width, cell, kernel, top, column * stride - pad, column, shift, activation);
      }
      if (first <= last) {
        between(map, filter, added, here, width, cell, stride, top, first * stride - pad, first, last, shift, activation);
      }
      for (let column = last + 1; column < outWidth; column++) {
        edge(map, filter, added, here, height, width, cell, kernel, top, column * stride - pad, column, shift, activation);
      }
    }
  }
}

/** One cell whose window may reach over the map's border. */
function edge(
  map: usize,
  filter: usize,
  sum: v128,
  out: usize,
  height: i32,
  width: i32,
  cell: usize,
  kernel: i32,
  top: i32,
  left: i32,
  column: i32,
  shift: usize,
  activation: i32,
): void {
  let firstY = max(0, -top);
  let endY = min(kernel, height - top);
  let firstX = max(0, -left);
  let endX = min(kernel, width - left);
  for (let y = firstY; y < endY; y++) {
    let at = map + <usize>((top + y) * width + left + firstX) * cell + shift;
    let weight = filter + <usize>(y * kernel + firstX) * cell + shift;
    for (let x = firstX; x < endX; x++) {
      sum = madd(v128.load(at), v128.load(weight), sum);
      at += cell;
      weight += cell;
    }
  }
  v128.store(out + <usize>column * cell + shift, activate(sum, activation));
}

/** Cells of one row whose 3×3 windows lie in the map, with the nine weights in registers. */
function between(
  map: usize,
  filter: usize,
  bias: v128,
  out: usize,
  width: i32,
  cell: usize,
  stride: i32,
  top: i32,
  left: i32,
  first: i32,
  last: i32,
  shift: usize,
  activation: i32,
): void {
  let line = <usize>width * cell;
  let a = map + <usize>(top * width + left) * cell + shift;
  let f = filter + shift;
  let w0 = v128.load(f);
  let w1 = v128.load(f + cell);
  let w2 = v128.load(f + 2 * cell);
  let w3 = v128.load(f + 3 * cell);
  let w4 = v128.load(f + 4 * cell);
  let w5 = v128.load(f + 5 * cell);
  let w6 = v128.load(f + 6 * cell);
  let w7 = v128.load(f + 7 * cell);
  let w8 = v128.load(f + 8 * cell);
  let step = <usize>stride * cell;
  let to = out + <usize>first * cell + shift;
  let twice = cell << 1;
  for (let column = first; column <= last; column++) {
    let b = a + line;
    let c = b + line;
    let sum = madd(v128.load(a), w0, bias);
    let other = f32x4.mul(v128.load(a + cell), w1);
    sum = madd(v128.load(a + twice), w2, sum);
    other = madd(v128.load(b), w3, other);
    sum = madd(v128.load(b + cell), w4, sum);
    other = madd(v128.load(b + twice), w5, other);
    sum = madd(v128.load(c), w6, sum);
    other = madd(v128.load(c + cell), w7, other);
    sum = madd(v128.load(c + twice), w8, sum);
    v128.store(to, activate(f32x4.add(sum, other), activation));
    a += step;
    to += cell;
  }
}
