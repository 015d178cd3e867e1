// What the kernels share: e^x, erf, activations, and storing the columns that are there.

/** a · b + c, in one rounding where the machine has it. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** e^x to some 1e-7 of its value: 2^n times a polynomial of what is left. */
export function exp4(x: v128): v128 {
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
export function erf4(x: v128): v128 {
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

export function gelu4(u: v128): v128 {
  return madd(u, erf4(u), u);
}

export function silu4(x: v128): v128 {
  return f32x4.div(x, f32x4.add(f32x4.splat(1.0), exp4(f32x4.neg(x))));
}

/** After a linear layer: nothing, GELU (scaled as above), SiLU, leaky ReLU. */
export function activate(x: v128, activation: i32): v128 {
  if (activation == 1) return gelu4(x);
  if (activation == 2) return silu4(x);
  if (activation == 3) return f32x4.max(x, f32x4.mul(x, f32x4.splat(0.1)));
  return x;
}

/** The first `columns` of eight numbers, activated; the others belong to the next row. */
export function storeColumns(to: usize, low: v128, high: v128, columns: i32, activation: i32): void {
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

export function sumLanes(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

export function largestLane(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}
