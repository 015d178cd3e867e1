// Runs the network over all rows of a text, a bounded number at a time, and keeps of the photo's answers only the best
// window's: a long text must not need memory in proportion to its length. A helper on another core takes part of the rows.
import { throwIfAborted } from "../errors/mner-error.js";
import {
  type ImageFeatures,
  type Network,
  type NetworkOutput,
  type RunOptions,
  readFeatures,
} from "../network/index.js";
import type { Sequences } from "../text/index.js";
import type { PhotoPrediction, Predictions } from "./decode-result.js";
import type { Helping } from "./helping.js";

/** Rows in one batch: enough to keep a GPU busy, few enough for its memory. */
const MOST_ROWS = 32;
/** The image trunk takes as long as about so many rows; meanwhile a helper reads more of the text. */
const TRUNK_ROWS = 2;
/** A helper that takes so much longer than its share is taken for dead. */
const [HELPER_PATIENCE, LEAST_PATIENCE_MS] = [10, 3000];

export interface PredictInput {
  readonly network: Network;
  readonly sequences: Sequences;
  /** They may be on their way; null without a photo. */
  readonly features: Promise<ImageFeatures> | null;
  readonly isPhotoNew: boolean;
  readonly options: RunOptions;
  readonly signal: AbortSignal;
  readonly helping: Helping | null;
}

/** What the network said of the rows from here on. */
interface Part {
  readonly from: number;
  readonly rows: number;
  readonly output: NetworkOutput;
}

export async function predict(input: PredictInput): Promise<Predictions> {
  const { sequences, features, helping } = input;
  const { rows, length, queryCount } = sequences;
  const start = new Float32Array(rows * length);
  const end = new Float32Array(rows * length);
  const existence = new Float32Array(rows);
  const photo = new Array<PhotoPrediction>(queryCount);
  const best = new Float32Array(queryCount).fill(Number.NEGATIVE_INFINITY);
  const helper = helping?.ask() ?? null;
  const keep = ({ from, rows: count, output }: Part): void => {
    start.set(output.start, from * length);
    end.set(output.end, from * length);
    existence.set(output.existence, from);
    if (output.candidates === null) return;
    const perRow = output.candidates.length / count;
    for (let row = from; row < from + count; row++) {
      const query = row % queryCount;
      // The window that is surest of such a name tells best where it is seen. The first one counts even if it is NaN.
      if (photo[query] && !(existence[row]! > best[query]!)) continue;
      best[query] = existence[row]!;
      photo[query] = {
        candidates: output.candidates.slice((row - from) * perRow, (row - from + 1) * perRow),
        none: output.none![row - from]!,
        relevance: output.relevance![row - from]!,
      };
    }
  };
  for (let from = 0; from < rows; from += MOST_ROWS) {
    const to = Math.min(rows, from + MOST_ROWS);
    const busyRows = from === 0 && input.isPhotoNew ? TRUNK_ROWS : 0;
    const middle = helper === null ? to : from + ownShare(to - from, busyRows);
    const parts =
      middle === to ? [await runAlone(input, from, to)] : await runTogether(input, helper!, from, middle, to);
    parts.forEach(keep);
  }
  return { start, end, existence, photo: features === null ? null : photo };
}

/** How many of these rows this thread runs itself when it has other work worth `busyRows`. */
export function ownShare(rows: number, busyRows: number): number {
  return rows < 2 ? rows : Math.max(1, Math.ceil((rows - busyRows) / 2));
}

async function runAlone(
  { network, sequences, features, options }: PredictInput,
  from: number,
  to: number,
): Promise<Part> {
  const output = await network.run(cutRows(sequences, from, to), await features, options);
  return { from, rows: to - from, output };
}

async function runTogether(
  input: PredictInput,
  helper: NonNullable<ReturnType<Helping["ask"]>>,
  from: number,
  middle: number,
  to: number,
): Promise<Part[]> {
  const { sequences, features, signal, helping } = input;
  const stop = new AbortController();
  const photo = features?.then(readFeatures) ?? null;
  // Should it fail, this thread's own part fails of the same.
  photo?.catch(() => {});
  const helped = helper
    .run(cutRows(sequences, middle, to), photo, AbortSignal.any([signal, stop.signal]))
    .catch((): null => null);
  const begun = performance.now();
  try {
    const own = await runAlone(input, from, middle);
    const patience = Math.max(LEAST_PATIENCE_MS, HELPER_PATIENCE * (performance.now() - begun));
    const output = await orNull(helped, patience);
    if (output !== null) return [own, { from: middle, rows: to - middle, output }];
    throwIfAborted(signal);
    helping!.giveUp();
    return [own, await runAlone(input, middle, to)];
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

function cutRows(sequences: Sequences, from: number, to: number): Parameters<Network["run"]>[0] {
  const { length, ids, segments, shapes, lengths } = sequences;
  const part = (values: Int32Array): Int32Array => values.slice(from * length, to * length);
  return {
    rows: to - from,
    length,
    ids: part(ids),
    segments: part(segments),
    shapes: part(shapes),
    lengths: lengths.slice(from, to),
  };
}
