// A known input whose output must come back on the machine's backend. Drivers do miscompile shaders, and what a GPU gives
// then is not an error but wrong numbers.

import type { Json } from "../core/json.js";
import { MnerError } from "../core/mner-error.js";
import type { TokenRows } from "../encoders/bert.js";
import type { SelfTest } from "../model/index.js";
import type { RunOptions } from "../nn/tensor-scope.js";
import type { Network } from "../systems/network.js";
import type { RowOutput } from "../systems/system.js";

/**
 * Largest difference allowed, relative to the largest expected value: half-precision GPUs stay well within it, a wrong
 * shader does not.
 */
const TOLERANCE = 0.03;
/** Numbers compared of each output: spread over all of it, few enough for a manifest. */
const SAMPLES = 128;

type Input = TokenRows & { readonly pixelSeed: number };

/** Makes the self-test of a model by running its network here; call it on a backend that is known to be right. */
export async function makeSelfTest(network: Network): Promise<SelfTest> {
  const input = makeInput(network);
  const output = await runInput(network, input, {});
  const plain = (values: ArrayLike<number>): number[] => Array.from(values, (value) => Number(value.toPrecision(6)));
  return {
    input: {
      rows: input.rows,
      length: input.length,
      lengths: Array.from(input.lengths),
      ids: Array.from(input.ids),
      segments: Array.from(input.segments),
      shapes: Array.from(input.shapes),
      pixelSeed: input.pixelSeed,
    },
    output: Object.fromEntries(Object.entries(output).map(([name, values]) => [name, plain(values)])),
  };
}

/** Fails with `self-test-failed` when the network gives something else here than it should. */
export async function runSelfTest(network: Network, test: SelfTest | null, options: RunOptions): Promise<void> {
  const input = test === null ? makeInput(network) : readInput(test.input);
  const output = await runInput(network, input, options);
  for (const [name, values] of Object.entries(output)) {
    if (!values.every((value) => Number.isFinite(value))) throw failed(`${name} is not finite`);
    // Without a known output only the commonest fault can be seen: nothing was computed at all.
    if (test === null) {
      if (values.every((value) => value === 0)) throw failed(`${name} is all zeros`);
      continue;
    }
    const error = relativeError(values, readNumbers(test.output, name));
    if (!(error <= TOLERANCE)) throw failed(`${name} is off by ${(100 * error).toFixed(1)} %`);
  }
}

/** The self-test's run without its numbers: all that a backend has to compile comes up. */
export async function rehearse(network: Network, test: SelfTest | null, options: RunOptions): Promise<void> {
  const input = test === null ? makeInput(network) : readInput(test.input);
  await runInput(network, input, { ...options, rehearsal: true });
}

async function runInput(network: Network, input: Input, options: RunOptions): Promise<Record<string, Float32Array>> {
  const { image } = network.config;
  const features = image && (await network.encodeImage(makePixels(image.size, input.pixelSeed), options));
  try {
    return samplesOf(await network.run(input, features, options), input, network.system.perPiece);
  } finally {
    features?.dispose();
  }
}

/** Some numbers of each output. Padding is left out, since nothing depends on it. */
function samplesOf(
  output: RowOutput,
  { rows, length, lengths }: Input,
  perPiece: readonly string[],
): Record<string, Float32Array> {
  const samples: Record<string, Float32Array> = {};
  for (const [name, values] of Object.entries(output)) {
    if (values === null) continue;
    const width = values.length / (rows * length);
    const kept = perPiece.includes(name)
      ? values.filter((_, at) => Math.floor(at / width) % length < lengths[Math.floor(at / (width * length))]!)
      : values;
    const step = Math.max(1, Math.floor(kept.length / SAMPLES));
    samples[name] = kept.filter((_, index) => index % step === 0);
  }
  return samples;
}

/** Two sequences of different lengths, with pieces from all over the vocabulary. */
function makeInput({ config }: Network): Input {
  const { vocabulary, positions, shapes: shapeCount } = config.text;
  const [rows, length, queryEnd] = [2, Math.min(16, positions), 6];
  const lengths = Int32Array.of(length, length - 3);
  const size = rows * length;
  const [ids, segments, shapes] = [new Int32Array(size), new Int32Array(size), new Int32Array(size)];
  const random = makeRandom(1);
  for (let at = 0; at < size; at++) {
    const [row, column] = [Math.floor(at / length), at % length];
    if (column >= lengths[row]!) continue;
    ids[at] = Math.floor(random() * vocabulary);
    segments[at] = column < queryEnd ? 0 : 1;
    shapes[at] = column < queryEnd ? 0 : Math.floor(random() * shapeCount);
  }
  return { rows, length, lengths, ids, segments, shapes, pixelSeed: 2 };
}

/** Noise in [-2, 2), the range of normalised colours. */
function makePixels(size: number, seed: number): Float32Array {
  const random = makeRandom(seed);
  return Float32Array.from({ length: size * size * 3 }, () => random() * 4 - 2);
}

/** The linear congruential generator of Numerical Recipes: the same numbers everywhere, in a line. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function readInput(input: Readonly<Record<string, Json>>): Input {
  const whole = (name: string): Int32Array => Int32Array.from(readNumbers(input, name));
  const one = (name: string): number => readNumbers({ [name]: [input[name] ?? null] }, name)[0]!;
  const [rows, length] = [one("rows"), one("length")];
  const sequences = {
    rows,
    length,
    lengths: whole("lengths"),
    ids: whole("ids"),
    segments: whole("segments"),
    shapes: whole("shapes"),
  };
  if (
    sequences.lengths.length !== rows ||
    ["ids", "segments", "shapes"].some((name) => whole(name).length !== rows * length)
  ) {
    throw invalid("its arrays do not fit its rows and length");
  }
  return { ...sequences, pixelSeed: one("pixelSeed") };
}

function readNumbers(record: Readonly<Record<string, Json>>, name: string): number[] {
  const values = record[name];
  if (!Array.isArray(values) || !values.every((value) => typeof value === "number")) {
    throw invalid(`"${name}" is missing or not a list of numbers`);
  }
  return values as number[];
}

function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [difference, largest] = [0, Number.MIN_VALUE];
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(found[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return difference / largest;
}

function failed(what: string): MnerError {
  return new MnerError(
    "self-test-failed",
    `The network computes wrongly on this backend: ${what}. Choose another backend.`,
  );
}

function invalid(what: string): MnerError {
  return new MnerError(
    "model-manifest-invalid",
    `The model's self-test cannot be read: ${what}. Convert the model again.`,
  );
}
