// What TensorFlow.js' wasm backend does slowly or in many passes over memory, in one pass each, in AssemblyScript:
// linear layers with their activation, attention, layer norm, GELU and SiLU. Compiled by `npm run kernels` into binary.ts. It works on the backend's own memory;
// addresses are in bytes, strides too. Nothing here allocates, so no two modules can get in each other's way.

/** a · b + c, in one rounding where the machine has it. */
function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** e^x to some 1e-7 of its value: 2^n times a polynomial of what is left. */
function exp4(x: v128): v128 {
  let clamped = f32x4.min(f32x4.max(x, f32x4.splat(-87.3)), f32x4.splat(88.3));
  let n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.44269504)));
  // ln 2 in two parts, the first exact in few bits.
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.0 / 5040.0);
  p = madd(p, r, f32x4.splat(1.0 / 720.0));
  p = madd(p, r, f32x4.splat(1.0 / 120.0));
  p = madd(p, r, f32x4.splat(1.0 / 24.0));
  p = madd(p, r, f32x4.splat(1.0 / 6.0));
  p = madd(p, r, f32x4.splat(0.5));
  p = madd(p, r, f32x4.splat(1.0));
  p = madd(p, r, f32x4.splat(1.0));
  let power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

/** erf x to 6e-7: odd, so x times a ratio of polynomials in x², fitted on [0, 3.9], beyond which it is 1. */
function erf4(x: v128): v128 {
  let c = f32x4.min(f32x4.max(x, f32x4.splat(-3.9)), f32x4.splat(3.9));
  let t = f32x4.mul(c, c);
  let p = madd(f32x4.splat(0.00033758574863895774), t, f32x4.splat(0.009420866146683693));
  p = madd(p, t, f32x4.splat(0.07002267986536026));
  p = madd(p, t, f32x4.splat(0.332394003868103));
  p = madd(p, t, f32x4.splat(1.128377079963684));
  let q = madd(f32x4.splat(1.9563445675885305e-5), t, f32x4.splat(0.0023932242766022682));
  q = madd(q, t, f32x4.splat(0.02637903019785881));
  q = madd(q, t, f32x4.splat(0.17143473029136658));
  q = madd(q, t, f32x4.splat(0.6278867125511169));
  q = madd(q, t, f32x4.splat(1.0));
  let ratio = f32x4.div(f32x4.mul(c, p), q);
  return f32x4.min(f32x4.max(ratio, f32x4.splat(-1.0)), f32x4.splat(1.0));
}

function gelu4(u: v128): v128 {
  return madd(u, erf4(u), u);
}

function silu4(x: v128): v128 {
  return f32x4.div(x, f32x4.add(f32x4.splat(1.0), exp4(f32x4.neg(x))));
}

/** u + u · erf u, for each of `count` numbers. */
export function gelu(x: usize, out: usize, count: i32): void {
  let whole = count & ~3;
  for (let i = 0; i < whole; i += 4) {
    let at = <usize>i << 2;
    v128.store(out + at, gelu4(v128.load(x + at)));
  }
  for (let i = whole; i < count; i++) {
    let at = <usize>i << 2;
    store<f32>(out + at, f32x4.extract_lane(gelu4(f32x4.splat(load<f32>(x + at))), 0));
  }
}

/** x · sigmoid x, for each of `count` numbers. */
export function silu(x: usize, out: usize, count: i32): void {
  let whole = count & ~3;
  for (let i = 0; i < whole; i += 4) {
    let at = <usize>i << 2;
    v128.store(out + at, silu4(v128.load(x + at)));
  }
  for (let i = whole; i < count; i++) {
    let at = <usize>i << 2;
    store<f32>(out + at, f32x4.extract_lane(silu4(f32x4.splat(load<f32>(x + at))), 0));
  }
}

/** After a linear layer: nothing, GELU (scaled as above), SiLU, leaky ReLU. */
function activate(x: v128, activation: i32): v128 {
  if (activation == 1) return gelu4(x);
  if (activation == 2) return silu4(x);
  if (activation == 3) return f32x4.max(x, f32x4.mul(x, f32x4.splat(0.1)));
  return x;
}

/**
 * Rows of `k` numbers times a matrix plus a bias, then an activation: `m` rows of `n` numbers. The matrix and the bias come in
 * panels of eight columns, the last one filled up with zeros.
 */
export function linear(
  x: usize,
  panels: usize,
  bias: usize,
  out: usize,
  m: i32,
  k: i32,
  n: i32,
  activation: i32,
): void {
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

/** The first `columns` of eight numbers, activated; the others belong to the next row. */
function storeColumns(to: usize, low: v128, high: v128, columns: i32, activation: i32): void {
  low = activate(low, activation);
  high = activate(high, activation);
  if (columns == 8) {
    v128.store(to, low);
    v128.store(to + 16, high);
    return;
  }
  if (columns >= 4) {
    v128.store(to, low);
    to += 16;
    columns -= 4;
    low = high;
  }
  if (columns > 0) store<f32>(to, f32x4.extract_lane(low, 0));
  if (columns > 1) store<f32>(to, f32x4.extract_lane(low, 1), 4);
  if (columns > 2) store<f32>(to, f32x4.extract_lane(low, 2), 8);
}

function sumLanes(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

function largestLane(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

/** Layer norm of x + y (or of x alone: y is 0), row by row; `width` is a multiple of 4. */
export function layerNorm(
  x: usize,
  y: usize,
  gain: usize,
  offset: usize,
  epsilon: f32,
  out: usize,
  rows: i32,
  width: i32,
): void {
  let bytes = <usize>width << 2;
  let part: f32 = <f32>1.0 / <f32>width;
  for (let row = 0; row < rows; row++) {
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

/** Bytes of scratch memory that `attention` needs. */
export function attentionScratch(keys: i32, size: i32): i32 {
  let padded = (keys + 7) & ~7;
  return (2 * size * padded + 5 * padded) << 2;
}

/**
 * Scaled queries against keys, softmax, mixture of values, for every head of every sequence. A head is `size` neighbouring
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
  batch: i32,
  heads: i32,
  queries: i32,
  keys: i32,
  size: i32,
  scratch: usize,
): void {
  let padded = (keys + 7) & ~7;
  let line = <usize>padded << 2;
  let turned = scratch;
  let packed = turned + <usize>size * line;
  let scores = packed + <usize>size * line;
  let masks = scores + 4 * line;
  let headBytes = <usize>size << 2;
  for (let b = 0; b < batch; b++) {
    for (let j = 0; j < padded; j++) {
      // Beyond the last key nothing is seen.
      let masked: f32 = j >= keys ? <f32>-1e30 : mask ? load<f32>(mask + ((<usize>b * keys + j) << 2)) : <f32>0;
      store<f32>(masks + (<usize>j << 2), masked);
    }
    for (let h = 0; h < heads; h++) {
      let shift = <usize>h * headBytes;
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
