// The same numbers for every engine: sequences of random pieces and a photo of noise.
import type { TokenRows } from "../../src/encoders/bert.js";

/** Pieces of a query, [CLS] and first [SEP] included. */
const QUERY_PIECES = 12;
const VOCABULARY = 20_000;

/** The linear congruential generator of Numerical Recipes. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A question a row, each its own, put to one text; `text` numbers it. Questions are the same for every text. */
export function sequencesFor(rows: number, length: number, text = 0): TokenRows {
  const size = rows * length;
  const query = Math.min(QUERY_PIECES, Math.floor(length / 2));
  const piece = (random: () => number): number => 1000 + Math.floor(random() * (VOCABULARY - 1000));
  const words = (seed: number, count: number): number[] => {
    const random = makeRandom(seed);
    return Array.from({ length: count }, () => piece(random));
  };
  const sentence = words(1 + text, length - query);
  const row = (at: number): number[] => [101, ...words(100_000 + at, query - 1), ...sentence];
  return {
    rows,
    length,
    lengths: new Int32Array(rows).fill(length),
    ids: Int32Array.from(Array.from({ length: rows }, (_, at) => row(at)).flat()),
    segments: Int32Array.from({ length: size }, (_, at) => (at % length < query ? 0 : 1)),
    shapes: Int32Array.from({ length: size }, (_, at) => (at % length < query ? 0 : at % 5)),
  };
}

/** Height, width, colour; in [-2, 2), the range of normalised colours. */
export function pixelsFor(size: number): Float32Array {
  const random = makeRandom(2);
  return Float32Array.from({ length: size * size * 3 }, () => random() * 4 - 2);
}

/** The same photo with colours first. */
export function planesFor(size: number): Float32Array {
  const pixels = pixelsFor(size);
  const area = size * size;
  return Float32Array.from(pixels, (_, at) => pixels[(at % area) * 3 + Math.floor(at / area)]!);
}
