// Runs a network over all rows of a text, a bounded number at a time. Helpers on other cores take part of the rows.
import { throwIfAborted } from "../core/abort.js";
import type { TokenRows } from "../encoders/bert.js";
import type { RunOptions } from "../nn/tensor-scope.js";
import { readTree } from "../nn/tensor-tree.js";
import type { ImageFeatures, Network } from "../systems/network.js";
import type { RowOutput } from "../systems/system.js";
import type { HelperLife, RowRunner } from "./helper.js";

/** Rows in one batch: enough to keep a GPU busy, few enough for its memory. */
const MOST_ROWS = 32;
/** The image trunk takes as long as about so many rows; meanwhile helpers read more of the text. */
const TRUNK_ROWS = 2;
/** A helper that takes so much longer than its share is taken for dead. */
const [HELPER_PATIENCE, LEAST_PATIENCE_MS] = [10, 3000];

export interface PredictInput {
  readonly network: Network;
  readonly input: TokenRows;
  /** They may be on their way; null without a photo. */
  readonly features: Promise<ImageFeatures> | null;
  /** Two photos of one key are the same. */
  readonly photoKey: string | null;
  readonly isPhotoNew: boolean;
  readonly options: RunOptions;
  readonly signal: AbortSignal;
  readonly helperLife: HelperLife | null;
}

/** The output of the rows from here on. */
interface Part {
  readonly from: number;
  readonly rows: number;
  readonly output: RowOutput;
}

/** The answer of the network's system, as its collector gives it. */
export async function predict(request: PredictInput): Promise<unknown> {
  const { network, input } = request;
  const collector = network.system.collect(input);
  const helpers = request.helperLife?.ask() ?? [];
  for (let from = 0; from < input.rows; from += MOST_ROWS) {
    const to = Math.min(input.rows, from + MOST_ROWS);
    const busyRows = from === 0 && request.isPhotoNew ? TRUNK_ROWS : 0;
    const shares = helpers.length === 0 ? [to - from] : sharesOf(to - from, busyRows, helpers.length);
    const parts =
      shares.length === 1 ? [await runAlone(request, from, to)] : await runTogether(request, helpers, from, shares);
    for (const { output, from: first, rows } of parts) collector.add(output, first, rows);
  }
  return collector.answer();
}

/** How many of these rows this thread runs itself when it has other work worth `busyRows`, and how many each helper runs. */
export function sharesOf(rows: number, busyRows: number, helpers: number): number[] {
  const own = Math.min(rows, Math.max(1, Math.ceil((rows + busyRows) / (helpers + 1) - busyRows)));
  const shares = [own];
  for (let left = rows - own, at = helpers; at > 0 && left > 0; at--) {
    shares.push(Math.ceil(left / at));
    left -= shares.at(-1)!;
  }
  return shares;
}

async function runAlone(request: PredictInput, from: number, to: number): Promise<Part> {
  const { network, input, features, options } = request;
  const output = await network.run(cutRows(input, from, to), await features, options);
  return { from, rows: to - from, output };
}

async function runTogether(
  request: PredictInput,
  helpers: readonly RowRunner[],
  from: number,
  shares: readonly number[],
): Promise<Part[]> {
  const { input, features, photoKey, signal, helperLife } = request;
  const stop = new AbortController();
  const read = features && (async () => readTree((await features).photo));
  // Should they fail, this thread's own part fails of the same.
  features?.catch(() => {});
  const photo = read && { key: photoKey ?? "", read };
  const middle = from + shares[0]!;
  let next = middle;
  const helped = shares.slice(1).map((rows, at) => {
    const first = next;
    next += rows;
    const output = helpers[at]!.runRows(
      cutRows(input, first, next),
      photo,
      AbortSignal.any([signal, stop.signal]),
    ).catch((): null => null);
    return { from: first, rows, output };
  });
  const begun = performance.now();
  try {
    const parts = [await runAlone(request, from, middle)];
    const patience = Math.max(LEAST_PATIENCE_MS, HELPER_PATIENCE * (performance.now() - begun));
    for (const { from: first, rows, output: coming } of helped) {
      const output = await orNull(coming, patience);
      throwIfAborted(signal);
      if (output === null) helperLife!.giveUp();
      parts.push(output ? { from: first, rows, output } : await runAlone(request, first, first + rows));
    }
    return parts;
  } finally {
    stop.abort();
  }
}

function orNull<T>(promise: Promise<T | null>, milliseconds: number): Promise<T | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), milliseconds);
    void promise.then((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

function cutRows(
  { length, multipleOf, ids, segments, shapes, lengths, first }: TokenRows,
  from: number,
  to: number,
): TokenRows {
  const part = (values: Int32Array): Int32Array => values.slice(from * length, to * length);
  return {
    rows: to - from,
    length,
    multipleOf,
    ids: part(ids),
    segments: part(segments),
    shapes: part(shapes),
    lengths: lengths.slice(from, to),
    ...(first && { first: part(first) }),
  };
}
