// Activations as WGSL, the same as the wasm kernels have them: `activate` for numbers, `activate4` for four at once.
import type { Activation } from "../../../nn/fused.js";

/** erf x to 6e-7: odd, so x times a ratio of polynomials in x², fitted on [0, 3.9], beyond which it is 1. */
const erf = (type: string): string => `
fn erf_(x : ${type}) -> ${type} {
  let c = clamp(x, ${type}(-3.9), ${type}(3.9));
  let t = c * c;
  let p = ((((0.00033758574863895774 * t + 0.009420866146683693) * t + 0.07002267986536026) * t + 0.332394003868103) * t
    + 1.128377079963684);
  let q = (((((0.000019563445675887 * t + 0.0023932242766022682) * t + 0.02637903019785881) * t + 0.17143473029136658) * t
    + 0.6278867125511169) * t + 1.0);
  return clamp(c * p / q, ${type}(-1.0), ${type}(1.0));
}`;

const bodies: Readonly<Record<Activation, string>> = {
  linear: "return x;",
  gelu: "return x + x * erf_(x);",
  // The exponent is bounded: shaders may take infinities for anything.
  silu: "return x / (1.0 + exp(min(-x, T(87.0))));",
  leakyrelu: "return max(x, 0.1 * x);",
};

/** Declares `activate_` for one number or four. */
export function activation(name: Activation, type: "f32" | "vec4<f32>"): string {
  const body = bodies[name].replace("T(", `${type}(`);
  return `${name === "gelu" ? erf(type) : ""}
fn activate_(x : ${type}) -> ${type} { ${body} }`;
}
