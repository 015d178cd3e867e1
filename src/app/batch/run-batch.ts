// Works through the rows that are still waiting, two at a time: while one is computed, the next one's photo is opened.
// Nothing that happens to a row ends the run, except what would happen to every other row as well.

import { type MnerErrorCode, toMnerError } from "../../core/mner-error.js";
import type { Analyzer, Query } from "../../engine/analyzer.js";
import { type BatchRow, forKeeping } from "./batch-row.js";
import type { PhotoFolder } from "./photo-folder.js";
import { makeThumbnail } from "./thumbnail.js";

export interface BatchSettings {
  readonly queries: readonly Query[];
  readonly threshold: number | null;
  readonly nested: boolean;
}

export interface BatchRun {
  readonly rows: readonly BatchRow[];
  readonly analyzer: Analyzer;
  readonly photos: PhotoFolder;
  readonly settings: BatchSettings;
  readonly signal: AbortSignal;
  /** A row has changed. */
  changed(row: BatchRow): void;
}

const AT_ONCE = 2;
/** As `mner-qg annotate --seconds` has it: a tweet takes a fraction of a second. */
const LONGEST_MS = 60_000;
/** Not the row's fault: the next one would meet the same. */
const endsTheRun: ReadonlySet<MnerErrorCode> = new Set(["disposed", "worker-failed", "out-of-memory", "device-lost"]);

export async function runBatch(run: BatchRun): Promise<void> {
  const waiting = run.rows.filter(({ status }) => status === "waiting");
  const lane = async (): Promise<void> => {
    for (let row = waiting.shift(); row && !run.signal.aborted; row = waiting.shift()) {
      run.changed({ ...row, status: "running" });
      try {
        run.changed(await readRow(row, run));
      } catch (error) {
        run.changed(row);
        waiting.length = 0;
        if (!run.signal.aborted) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Throws only what ends the whole run. */
async function readRow(row: BatchRow, run: BatchRun): Promise<BatchRow> {
  const started = performance.now();
  const image = row.record.tweet!.image;
  const file = image === null || run.photos.size === 0 ? null : run.photos.find(image);
  try {
    const result = await analyze(row, file, run);
    // Waiting for the row beside it is not its own time.
    const milliseconds = result.timings.total - result.timings.queued;
    const done = { ...row, status: "done", result: forKeeping(result), milliseconds } as const;
    // Only now is it known to be a photo of a size that can be opened.
    if (file && result.image) return { ...done, photo: "read", thumbnail: await makeThumbnail(file) };
    // A tweet whose photo cannot be opened still has words; the engine reads those and says why.
    const trouble = result.notices.find(({ code }) => code.startsWith("image-"));
    if (file) return { ...done, photo: "unreadable", photoTrouble: trouble?.message ?? null };
    return image !== null && run.photos.size > 0 ? { ...done, photo: "missing" } : done;
  } catch (thrown) {
    const { code, message } = toMnerError(thrown);
    if (run.signal.aborted || endsTheRun.has(code)) throw thrown;
    return { ...row, status: "failed", failure: { code, message }, milliseconds: performance.now() - started };
  }
}

function analyze(row: BatchRow, image: File | null, { analyzer, settings, signal }: BatchRun) {
  return analyzer.analyze({
    text: row.record.tweet!.text,
    image,
    queries: settings.queries,
    threshold: settings.threshold ?? undefined,
    nested: settings.nested,
    timeout: LONGEST_MS,
    signal,
  });
}
