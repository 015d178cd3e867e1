// Attention of all heads of all sequences.
import { exp4, largestLane, madd, sumLanes } from "./math";

/** Bytes of scratch memory that `attention` needs. */
export function attentionScratch(keys: i32, size: i32): i32 {
  let padded = (keys + 7) & ~7;
  return (2 * size * padded + 5 * padded) << 2;
}

/**
 * Scaled queries against keys, softmax, mixture of values, for heads `from` to `to`, counted through all sequences. A head is `size` neighbouring
 * columns, a multiple of 8. `mask` (or 0) holds what is added to the scores, one number per key of each sequence.
 */
export function attention(
  query: usize,
  queryStride: usize,
  key: usize,
  keyStride: usize,
  value: usize,
  valueStride: usize,
  mask: usize,
  out: usize,
  outStride: usize,
  heads: i32,
  queries: i32,
  keys: i32,
  size: i32,
  scratch: usize,
  from: i32,
  to: i32,
): void {
  let padded = (keys + 7) & ~7;
  let line = <usize>padded << 2;
  let turned = scratch;
  let packed = turned + <usize>size * line;
  let scores = packed + <usize>size * line;
  let masks = scores + 4 * line;
  let headBytes = <usize>size << 2;
  for (let at = from; at < to; at++) {
    let b = at / heads;
    let shift = <usize>(at % heads) * headBytes;
    if (at == from || shift == 0) {
      for (let j = 0; j < padded; j++) {
        // Beyond the last key nothing is seen.
        let masked: f32 = j >= keys ? <f32>-1e30 : mask ? load<f32>(mask + ((<usize>b * keys + j) << 2)) : <f32>0;
        store<f32>(masks + (<usize>j << 2), masked);
      }
    }
    turnKeys(key + <usize>(b * keys) * keyStride + shift, keyStride, turned, line, keys, padded, size);
    packValues(value + <usize>(b * keys) * valueStride + shift, valueStride, packed, keys, headBytes);
    let firstQuery = query + <usize>(b * queries) * queryStride + shift;
    let firstOut = out + <usize>(b * queries) * outStride + shift;
    for (let i = 0; i < queries; i += 4) {
      let here = min(4, queries - i);
      let q0 = firstQuery + <usize>i * queryStride;
      // Rows that are not there are computed as copies of the first, and not stored.
      let q1 = here > 1 ? q0 + queryStride : q0;
      let q2 = here > 2 ? q0 + 2 * queryStride : q0;
      let q3 = here > 3 ? q0 + 3 * queryStride : q0;
      score(q0, q1, q2, q3, turned, line, masks, scores, headBytes);
      let i0 = softmaxRow(scores, line);
      let i1 = softmaxRow(scores + line, line);
      let i2 = softmaxRow(scores + 2 * line, line);
      let i3 = softmaxRow(scores + 3 * line, line);
      mix(scores, line, packed, keys, headBytes, i0, i1, i2, i3, firstOut + <usize>i * outStride, outStride, here);
    }
  }
}

/** Keys as columns, so that a product with four queries runs along them. */
function turnKeys(from: usize, stride: usize, to: usize, line: usize, keys: i32, padded: i32, size: i32): void {
  let j = 0;
  for (; j + 4 <= keys; j += 4) {
    let row = from + <usize>j * stride;
    let column = to + (<usize>j << 2);
    for (let d = 0; d < size; d += 4) {
      let at = row + (<usize>d << 2);
      let a = v128.load(at);
      let b = v128.load(at + stride);
      let c = v128.load(at + 2 * stride);
      let e = v128.load(at + 3 * stride);
      let ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      let ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      let ce0 = v128.shuffle<f32>(c, e, 0, 4, 1, 5);
      let ce1 = v128.shuffle<f32>(c, e, 2, 6, 3, 7);
      let target = column + <usize>d * line;
      v128.store(target, v128.shuffle<f32>(ab0, ce0, 0, 1, 4, 5));
      v128.store(target + line, v128.shuffle<f32>(ab0, ce0, 2, 3, 6, 7));
      v128.store(target + 2 * line, v128.shuffle<f32>(ab1, ce1, 0, 1, 4, 5));
      v128.store(target + 3 * line, v128.shuffle<f32>(ab1, ce1, 2, 3, 6, 7));
    }
  }
  for (; j < padded; j++) {
    for (let d = 0; d < size; d++) {
      let number: f32 = j < keys ? load<f32>(from + <usize>j * stride + (<usize>d << 2)) : <f32>0;
      store<f32>(to + <usize>d * line + (<usize>j << 2), number);
    }
  }
}

function packValues(from: usize, stride: usize, to: usize, keys: i32, headBytes: usize): void {
  for (let j = 0; j < keys; j++) {
    for (let at: usize = 0; at < headBytes; at += 16) v128.store(to + at, v128.load(from + at));
    from += stride;
    to += headBytes;
  }
}

/** Four queries times all keys: eight keys at a time stay in registers. */
function score(
  q0: usize,
  q1: usize,
  q2: usize,
  q3: usize,
  turned: usize,
  line: usize,
  masks: usize,
  scores: usize,
  headBytes: usize,
): void {
  for (let j: usize = 0; j < line; j += 32) {
    let low = v128.load(masks + j);
    let high = v128.load(masks + j + 16);
    let a0 = low;
    let a1 = high;
    let b0 = low;
    let b1 = high;
    let c0 = low;
    let c1 = high;
    let d0 = low;
    let d1 = high;
    let at = turned + j;
    for (let d: usize = 0; d < headBytes; d += 4) {
      let k0 = v128.load(at);
      let k1 = v128.load(at + 16);
      let x = v128.load32_splat(q0 + d);
      a0 = madd(x, k0, a0);
      a1 = madd(x, k1, a1);
      x = v128.load32_splat(q1 + d);
      b0 = madd(x, k0, b0);
      b1 = madd(x, k1, b1);
      x = v128.load32_splat(q2 + d);
      c0 = madd(x, k0, c0);
      c1 = madd(x, k1, c1);
      x = v128.load32_splat(q3 + d);
      d0 = madd(x, k0, d0);
      d1 = madd(x, k1, d1);
      at += line;
    }
    let to = scores + j;
    v128.store(to, a0);
    v128.store(to + 16, a1);
    v128.store(to + line, b0);
    v128.store(to + line + 16, b1);
    v128.store(to + 2 * line, c0);
    v128.store(to + 2 * line + 16, c1);
    v128.store(to + 3 * line, d0);
    v128.store(to + 3 * line + 16, d1);
  }
}

/** Leaves e^(score - largest) in place, and gives one over their sum. */
function softmaxRow(row: usize, line: usize): f32 {
  let largest = v128.load(row);
  for (let j: usize = 16; j < line; j += 16) largest = f32x4.max(largest, v128.load(row + j));
  let most = f32x4.splat(largestLane(largest));
  let sum = f32x4.splat(0);
  for (let j: usize = 0; j < line; j += 16) {
    let weight = exp4(f32x4.sub(v128.load(row + j), most));
    v128.store(row + j, weight);
    sum = f32x4.add(sum, weight);
  }
  return <f32>1.0 / sumLanes(sum);
}

/** Four rows of weights times the values: eight columns at a time stay in registers. */
function mix(
  scores: usize,
  line: usize,
  packed: usize,
  keys: i32,
  headBytes: usize,
  i0: f32,
  i1: f32,
  i2: f32,
  i3: f32,
  out: usize,
  outStride: usize,
  here: i32,
): void {
  let end = <usize>keys << 2;
  for (let d: usize = 0; d < headBytes; d += 32) {
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let b0 = a0;
    let b1 = a0;
    let c0 = a0;
    let c1 = a0;
    let d0 = a0;
    let d1 = a0;
    let at = packed + d;
    for (let j: usize = 0; j < end; j += 4) {
      let v0 = v128.load(at);
      let v1 = v128.load(at + 16);
      let from = scores + j;
      let x = v128.load32_splat(from);
      a0 = madd(x, v0, a0);
      a1 = madd(x, v1, a1);
      x = v128.load32_splat(from + line);
      b0 = madd(x, v0, b0);
      b1 = madd(x, v1, b1);
      x = v128.load32_splat(from + 2 * line);
      c0 = madd(x, v0, c0);
      c1 = madd(x, v1, c1);
      x = v128.load32_splat(from + 3 * line);
      d0 = madd(x, v0, d0);
      d1 = madd(x, v1, d1);
      at += headBytes;
    }
    let to = out + d;
    storePair(to, a0, a1, i0);
    if (here > 1) storePair(to + outStride, b0, b1, i1);
    if (here > 2) storePair(to + 2 * outStride, c0, c1, i2);
    if (here > 3) storePair(to + 3 * outStride, d0, d1, i3);
  }
}

function storePair(to: usize, low: v128, high: v128, factor: f32): void {
  let scale = f32x4.splat(factor);
  v128.store(to, f32x4.mul(low, scale));
  v128.store(to + 16, f32x4.mul(high, scale));
}
