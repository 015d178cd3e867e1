// Runs a network over all rows of a text, a bounded number at a time. A helper on another core takes part of the rows.
import { throwIfAborted } from "../core/abort.js";
import type { TokenRows } from "../encoders/bert.js";
import type { RunOptions } from "../nn/tensor-scope.js";
import { readTree } from "../nn/tensor-tree.js";
import type { ImageFeatures, Network } from "../systems/network.js";
import type { RowOutput } from "../systems/system.js";
import type { HelperLife, RowRunner } from "./helper.js";

/** Rows in one batch: enough to keep a GPU busy, few enough for its memory. */
const MOST_ROWS = 32;
/** The image trunk takes as long as about so many rows; meanwhile a helper reads more of the text. */
const TRUNK_ROWS = 2;
/** A helper that takes so much longer than its share is taken for dead. */
const [HELPER_PATIENCE, LEAST_PATIENCE_MS] = [10, 3000];

export interface PredictInput {
  readonly network: Network;
  readonly input: TokenRows;
  /** They may be on their way; null without a photo. */
  readonly features: Promise<ImageFeatures> | null;
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
  const helper = request.helperLife?.ask() ?? null;
  for (let from = 0; from < input.rows; from += MOST_ROWS) {
    const to = Math.min(input.rows, from + MOST_ROWS);
    const busyRows = from === 0 && request.isPhotoNew ? TRUNK_ROWS : 0;
    const middle = helper === null ? to : from + ownShare(to - from, busyRows);
    const parts =
      middle === to ? [await runAlone(request, from, to)] : await runTogether(request, helper!, from, middle, to);
    for (const { output, from: first, rows } of parts) collector.add(output, first, rows);
  }
  return collector.answer();
}

/** How many of these rows this thread runs itself when it has other work worth `busyRows`. */
export function ownShare(rows: number, busyRows: number): number {
  return rows < 2 ? rows : Math.max(1, Math.ceil((rows - busyRows) / 2));
}

async function runAlone(request: PredictInput, from: number, to: number): Promise<Part> {
  const { network, input, features, options } = request;
  const output = await network.run(cutRows(input, from, to), await features, options);
  return { from, rows: to - from, output };
}

async function runTogether(
  request: PredictInput,
  helper: RowRunner,
  from: number,
  middle: number,
  to: number,
): Promise<Part[]> {
  const { input, features, signal, helperLife } = request;
  const stop = new AbortController();
  const photo = features?.then((one) => readTree(one.photo)) ?? null;
  // Should it fail, this thread's own part fails of the same.
  photo?.catch(() => {});
  const helped = helper
    .runRows(cutRows(input, middle, to), photo, AbortSignal.any([signal, stop.signal]))
    .catch((): null => null);
  const begun = performance.now();
  try {
    const own = await runAlone(request, from, middle);
    const patience = Math.max(LEAST_PATIENCE_MS, HELPER_PATIENCE * (performance.now() - begun));
    const output = await orNull(helped, patience);
    if (output !== null) return [own, { from: middle, rows: to - middle, output }];
    throwIfAborted(signal);
    helperLife!.giveUp();
    return [own, await runAlone(request, middle, to)];
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

function cutRows({ length, ids, segments, shapes, lengths, first }: TokenRows, from: number, to: number): TokenRows {
  const part = (values: Int32Array): Int32Array => values.slice(from * length, to * length);
  return {
    rows: to - from,
    length,
    ids: part(ids),
    segments: part(segments),
    shapes: part(shapes),
    lengths: lengths.slice(from, to),
    ...(first && { first: part(first) }),
  };
}
