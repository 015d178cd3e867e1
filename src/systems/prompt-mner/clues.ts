// The bank of prompts held to one photo: what fits it best becomes clues beside the words. In plain numbers, once per photo.
import type { Parameters } from "../../nn/parameters.js";
import { dot } from "../../nn/plain.js";
import type { MultimodalConfig } from "../multimodal/config.js";
import { GEOMETRY, type VisualTokens } from "../multimodal/eyes.js";

/** Continuous prompts: vectors without words. */
const FREE = 100;
/** Discrete clues that are kept. */
const HEAVIEST = 16;

export interface Bank {
  readonly visual: number;
  readonly discrete: number;
  /** All prompts as rows, the discrete ones first. */
  readonly prompts: Float32Array;
  readonly sharpness: number;
}

export interface Clues {
  /** Clues × visual: the heaviest discrete ones, then all free ones. */
  readonly rows: Float32Array;
  /** Which discrete prompts are the heaviest, and how heavy each is. */
  readonly chosen: readonly { readonly prompt: number; readonly weight: number }[];
  /** Of all prompts, discrete and free; they sum to 1. */
  readonly weights: Float32Array;
}

export function declareBank(p: Parameters, { visual, prompts }: MultimodalConfig): Bank {
  const discrete = prompts.length;
  const [bank, free] = [p.values("head.bank", [discrete, visual]), p.values("head.free", [FREE, visual])];
  const sharpness = p.values("head.sharpness", []);
  return p.later(() => {
    const all = new Float32Array((discrete + FREE) * visual);
    all.set(bank.read());
    all.set(free.read(), discrete * visual);
    return { visual, discrete, prompts: all, sharpness: sharpness.read()[0]! };
  });
}

function unit(row: Float32Array): Float32Array {
  const length = Math.max(Math.sqrt(dot(row, row)), 1e-6);
  return row.map((value) => value / length);
}

export function cluesOf({ visual, discrete, prompts, sharpness }: Bank, tokens: VisualTokens): Clues {
  const size = visual + GEOMETRY;
  const seen = [tokens.whole];
  for (let at = 0; at < tokens.regions.length; at += size) seen.push(tokens.regions.subarray(at, at + visual));
  const places = seen.map(unit);
  const count = prompts.length / visual;
  const row = (prompt: number): Float32Array => prompts.subarray(prompt * visual, (prompt + 1) * visual);
  const fits = Array.from({ length: count }, (_, prompt) => {
    const one = unit(row(prompt));
    return sharpness * Math.max(...places.map((place) => dot(one, place)));
  });
  const most = Math.max(...fits);
  const powers = fits.map((fit) => Math.exp(fit - most));
  const total = powers.reduce((sum, power) => sum + power, 0);
  const weights = Float32Array.from(powers, (power) => power / total);
  const order = Array.from({ length: discrete }, (_, prompt) => prompt).sort((a, b) => weights[b]! - weights[a]!);
  const heaviest = order.slice(0, HEAVIEST);
  const used = [...heaviest, ...Array.from({ length: FREE }, (_, at) => discrete + at)];
  const rows = new Float32Array(used.length * visual);
  for (const [at, prompt] of used.entries()) {
    // Weights of a mean prompt are one, so that clues are as large as what they stand for.
    const scale = weights[prompt]! * count;
    rows.set(
      row(prompt).map((value) => value * scale),
      at * visual,
    );
  }
  return { rows, chosen: heaviest.map((prompt) => ({ prompt, weight: weights[prompt]! })), weights };
}
