// Passes over rows: layer norm, GELU, SiLU, and a map as a query sees it.
import { gelu4, madd, silu4, sumLanes } from "./math";

/** u + u · erf u, for the numbers `from` to `to`. */
export function gelu(x: usize, out: usize, scratch: usize, from: i32, to: i32): void {
  let i = from;
  for (; i + 4 <= to; i += 4) {
    let at = <usize>i << 2;
    v128.store(out + at, gelu4(v128.load(x + at)));
  }
  for (; i < to; i++) {
    let at = <usize>i << 2;
    store<f32>(out + at, f32x4.extract_lane(gelu4(f32x4.splat(load<f32>(x + at))), 0));
  }
}

/** x · sigmoid x, for the numbers `from` to `to`. */
export function silu(x: usize, out: usize, scratch: usize, from: i32, to: i32): void {
  let i = from;
  for (; i + 4 <= to; i += 4) {
    let at = <usize>i << 2;
    v128.store(out + at, silu4(v128.load(x + at)));
  }
  for (; i < to; i++) {
    let at = <usize>i << 2;
    store<f32>(out + at, f32x4.extract_lane(silu4(f32x4.splat(load<f32>(x + at))), 0));
  }
}

/** Layer norm of x + y (or of x alone: y is 0), rows `from` to `to`; `width` is a multiple of 4. */
export function layerNorm(
  x: usize,
  y: usize,
  gain: usize,
  offset: usize,
  epsilon: f32,
  out: usize,
  width: i32,
  scratch: usize,
  from: i32,
  to: i32,
): void {
  let bytes = <usize>width << 2;
  let start = <usize>from * bytes;
  x += start;
  if (y) y += start;
  out += start;
  let part: f32 = <f32>1.0 / <f32>width;
  for (let row = from; row < to; row++) {
    let sum = f32x4.splat(0);
    for (let at: usize = 0; at < bytes; at += 16) {
      let value = v128.load(x + at);
      if (y) value = f32x4.add(value, v128.load(y + at));
      v128.store(out + at, value);
      sum = f32x4.add(sum, value);
    }
    let mean = f32x4.splat(sumLanes(sum) * part);
    let squares = f32x4.splat(0);
    for (let at: usize = 0; at < bytes; at += 16) {
      let value = f32x4.sub(v128.load(out + at), mean);
      v128.store(out + at, value);
      squares = madd(value, value, squares);
    }
    let scale = f32x4.splat(<f32>1.0 / sqrt<f32>(sumLanes(squares) * part + epsilon));
    for (let at: usize = 0; at < bytes; at += 16) {
      let value = f32x4.mul(v128.load(out + at), scale);
      v128.store(out + at, madd(value, v128.load(gain + at), v128.load(offset + at)));
    }
    x += bytes;
    if (y) y += bytes;
    out += bytes;
  }
}


/**
 * Cells of one map, scaled and shifted channel by channel, then SiLU: as many maps as there are rows of conditions, `stride` bytes
 * apart, each a row of scales and then of shifts. `channels` is a multiple of 4; `from` and `to` count cells of all maps.
 */
export function condition(
  x: usize,
  conditions: usize,
  stride: usize,
  out: usize,
  cells: i32,
  channels: i32,
  scratch: usize,
  from: i32,
  to: i32,
): void {
  let bytes = <usize>channels << 2;
  for (let row = from; row < to; row++) {
    let at = x + <usize>(row % cells) * bytes;
    let scale = conditions + <usize>(row / cells) * stride;
    let here = out + <usize>row * bytes;
    for (let d: usize = 0; d < bytes; d += 16) {
      v128.store(here + d, silu4(madd(v128.load(at + d), v128.load(scale + d), v128.load(scale + bytes + d))));
    }
  }
}
