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

export function sequencesFor(rows: number, length: number): TokenRows {
  const random = makeRandom(1);
  const size = rows * length;
  const query = Math.min(QUERY_PIECES, Math.floor(length / 2));
  return {
    rows,
    length,
    lengths: new Int32Array(rows).fill(length),
    ids: Int32Array.from({ length: size }, () => 1000 + Math.floor(random() * (VOCABULARY - 1000))),
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
