// One row out of up to four matrices that stand side by side, copied or quantised.
import { largestLane } from "./math";

export function copyRow(
  x0: usize,
  k0: i32,
  x1: usize,
  k1: i32,
  x2: usize,
  k2: i32,
  x3: usize,
  k3: i32,
  row: i32,
  to: usize,
): void {
  copyPart(x0, k0, row, to);
  to += <usize>k0 << 2;
  copyPart(x1, k1, row, to);
  to += <usize>k1 << 2;
  copyPart(x2, k2, row, to);
  to += <usize>k2 << 2;
  copyPart(x3, k3, row, to);
}

function copyPart(x: usize, k: i32, row: i32, to: usize): void {
  if (k > 0) memory.copy(to, x + ((<usize>row * k) << 2), <usize>k << 2);
}

/** To whole numbers up to `top`, two bytes each, zeros up to a multiple of eight. Gives the step between neighbours. */
export function quantiseRow(
  x0: usize,
  k0: i32,
  x1: usize,
  k1: i32,
  x2: usize,
  k2: i32,
  x3: usize,
  k3: i32,
  row: i32,
  to: usize,
  top: f32,
): f32 {
  let most = max(max(largest(x0, k0, row), largest(x1, k1, row)), max(largest(x2, k2, row), largest(x3, k3, row)));
  most = max(most, <f32>1e-20);
  let scale = top / most;
  let at = quantisePart(x0, k0, row, to, scale);
  at = quantisePart(x1, k1, row, at, scale);
  at = quantisePart(x2, k2, row, at, scale);
  at = quantisePart(x3, k3, row, at, scale);
  let k = k0 + k1 + k2 + k3;
  for (let padded = (k + 7) & ~7; k < padded; k++) {
    store<i16>(at, 0);
    at += 2;
  }
  return most / top;
}

function largest(x: usize, k: i32, row: i32): f32 {
  if (k == 0) return 0;
  let at = x + ((<usize>row * k) << 2);
  let whole = at + (<usize>(k & ~3) << 2);
  let end = at + (<usize>k << 2);
  let most = f32x4.splat(0);
  for (; at < whole; at += 16) most = f32x4.max(most, f32x4.abs(v128.load(at)));
  for (; at < end; at += 4) most = f32x4.max(most, f32x4.abs(v128.load32_splat(at)));
  return largestLane(most);
}

/** Gives the address after the last number written. */
function quantisePart(x: usize, k: i32, row: i32, to: usize, scale: f32): usize {
  let at = x + ((<usize>row * k) << 2);
  let whole = at + (<usize>(k & ~7) << 2);
  let end = at + (<usize>k << 2);
  let factor = f32x4.splat(scale);
  for (; at < whole; at += 32) {
    let low = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(at), factor)));
    let high = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(at, 16), factor)));
    v128.store(to, i16x8.narrow_i32x4_s(low, high));
    to += 16;
  }
  for (; at < end; at += 4) {
    store<i16>(to, <i16>nearest<f32>(load<f32>(at) * scale));
    to += 2;
  }
  return to;
}
