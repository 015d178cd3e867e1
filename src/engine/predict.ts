// Runs the network over all rows of a text, a bounded number at a time, and keeps of the photo's answers only the best
// window's: a long text must not need memory in proportion to its length.
import type { ImageFeatures, Network, RunOptions } from "../network/index.js";
import type { Sequences } from "../text/index.js";
import type { PhotoPrediction, Predictions } from "./decode-result.js";

/** Rows in one batch: enough to keep a GPU busy, few enough for its memory. */
const MOST_ROWS = 32;

export async function predict(
  network: Network,
  sequences: Sequences,
  features: ImageFeatures | null,
  options: RunOptions,
): Promise<Predictions> {
  const { rows, length, queryCount } = sequences;
  const start = new Float32Array(rows * length);
  const end = new Float32Array(rows * length);
  const existence = new Float32Array(rows);
  const photo = new Array<PhotoPrediction>(queryCount);
  const best = new Float32Array(queryCount).fill(Number.NEGATIVE_INFINITY);
  for (let from = 0; from < rows; from += MOST_ROWS) {
    const to = Math.min(rows, from + MOST_ROWS);
    const output = await network.run(cutRows(sequences, from, to), features, options);
    start.set(output.start, from * length);
    end.set(output.end, from * length);
    existence.set(output.existence, from);
    if (output.candidates === null) continue;
    const perRow = output.candidates.length / (to - from);
    for (let row = from; row < to; row++) {
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
  }
  return { start, end, existence, photo: features === null ? null : photo };
}

function cutRows(sequences: Sequences, from: number, to: number): Parameters<Network["run"]>[0] {
  const { length, ids, segments, shapes, lengths } = sequences;
  const part = (values: Int32Array): Int32Array => values.subarray(from * length, to * length);
  return {
    rows: to - from,
    length,
    ids: part(ids),
    segments: part(segments),
    shapes: part(shapes),
    lengths: lengths.subarray(from, to),
  };
}
