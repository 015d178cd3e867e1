// The batch as a whole: which file, which photos, how far, and what can be done with it. Knows no page.

import { orAborted } from "../../core/abort.js";
import { MnerError, toMnerError } from "../../core/mner-error.js";
import type { Analyzer } from "../../engine/analyzer.js";
import { createStore, type Store } from "../state/store.js";
import { type BatchRow, isGold } from "./batch-row.js";
import { type BatchScores, scoreRows } from "./batch-scores.js";
import { forgetBatch, restoreBatch, storeBatch, storeRows } from "./batch-storage.js";
import { PhotoFolder } from "./photo-folder.js";
import { readBatch } from "./read-batch.js";
import { type BatchSettings, runBatch } from "./run-batch.js";

export interface BatchState {
  readonly phase: "empty" | "reading" | "ready" | "loading" | "running";
  readonly name: string;
  readonly rows: readonly BatchRow[];
  readonly photos: number;
  readonly hasGold: boolean;
  readonly scores: BatchScores | null;
  /** Rows done a second, over this run; 0 before there is a figure. */
  readonly rate: number;
  readonly error: MnerError | null;
  /** Whether what is computed survives a reload. */
  readonly kept: boolean;
}

const empty: BatchState = {
  phase: "empty",
  name: "",
  rows: [],
  photos: 0,
  hasGold: false,
  scores: null,
  rate: 0,
  error: null,
  kept: true,
};

/** How often the page is told, and the device written to, while rows come in. */
const TELL_MS = 250;
const SCORE_MS = 2000;

export class Batch {
  readonly store: Store<BatchState> = createStore(empty);
  readonly #load: () => Promise<Analyzer>;
  #folder = new PhotoFolder();
  #abort: AbortController | null = null;
  /** Grows with each file: what a stopped run of an older one still says is not listened to. */
  #file = 0;
  /** Changed since the page was last told. */
  #pending = new Map<number, BatchRow>();
  #telling: ReturnType<typeof setTimeout> | undefined;
  #scoredAt = 0;

  constructor(load: () => Promise<Analyzer>) {
    this.#load = load;
  }

  /** Shows what an earlier visit computed. */
  async restore(): Promise<void> {
    const stored = await restoreBatch().catch(() => null);
    if (!stored || this.store.state.phase !== "empty") return;
    this.#show(stored.name, stored.rows);
  }

  async open(file: File): Promise<void> {
    const number = this.#startOver();
    this.store.set({ ...empty, phase: "reading", name: file.name, photos: this.#folder.size });
    try {
      const rows = await readBatch(file);
      if (number !== this.#file) return;
      this.#show(file.name, rows);
      await this.#keep(() => storeBatch({ name: file.name, rows }));
    } catch (error) {
      if (number !== this.#file) return;
      this.store.set({ ...empty, photos: this.#folder.size, error: toMnerError(error, "input-unreadable") });
    }
  }

  #startOver(): number {
    this.stop();
    this.#abort = null;
    this.#pending.clear();
    return ++this.#file;
  }

  addPhotos(files: readonly File[]): void {
    this.#folder.add(files);
    this.store.set({ photos: this.#folder.size });
  }

  photoOf(row: BatchRow): File | null {
    const image = row.record.tweet?.image ?? null;
    return image === null ? null : this.#folder.find(image);
  }

  async run(settings: BatchSettings): Promise<void> {
    if (this.#abort) return;
    const abort = new AbortController();
    const number = this.#file;
    this.#abort = abort;
    this.store.set({ phase: "loading", error: null, rate: 0 });
    try {
      // The model goes on loading for the rest of the page; only this batch stops waiting for it.
      const analyzer = await orAborted(this.#load(), abort.signal);
      this.store.set({ phase: "running" });
      const started = performance.now();
      let done = 0;
      await runBatch({
        rows: this.store.state.rows,
        analyzer,
        photos: this.#folder,
        settings,
        signal: abort.signal,
        changed: (row) => {
          if (number !== this.#file) return;
          this.#pending.set(row.index, row);
          if (row.status === "done" || row.status === "failed") done++;
          this.#tellSoon((1000 * done) / (performance.now() - started));
        },
      });
    } catch (thrown) {
      const error = toMnerError(thrown);
      if (number === this.#file && !abort.signal.aborted) this.store.set({ error });
    }
    if (number !== this.#file) return;
    this.#abort = null;
    await this.#tell(this.store.state.rate);
    this.store.set({ phase: "ready", scores: this.#score() });
  }

  /** At once: rows that were being read wait again. */
  stop(): void {
    this.#abort?.abort(new MnerError("aborted", "The batch was stopped."));
  }

  /** Has rows read again: those that failed, or those that were read without the photo they name. */
  async again(which: "failed" | "photoless"): Promise<void> {
    const rows = this.store.state.rows.map((row): BatchRow => {
      const wanted = which === "failed" ? row.status === "failed" : row.status === "done" && lacksPhoto(row);
      return wanted ? { ...row, status: "waiting", result: null, failure: null } : row;
    });
    this.store.set({ rows, scores: null });
    await this.#keep(() => storeRows(rows));
  }

  async clear(): Promise<void> {
    this.#startOver();
    this.#folder = new PhotoFolder();
    this.store.set(empty);
    await this.#keep(forgetBatch);
  }

  #show(name: string, rows: readonly BatchRow[]): void {
    const hasGold = rows.some(({ record }) => isGold(record));
    this.store.set({ ...empty, phase: "ready", name, rows, hasGold, photos: this.#folder.size });
    this.store.set({ scores: this.#score() });
  }

  #tellSoon(rate: number): void {
    this.#telling ??= setTimeout(() => void this.#tell(rate), TELL_MS);
  }

  async #tell(rate: number): Promise<void> {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    if (this.#pending.size === 0) return;
    const changed = [...this.#pending.values()];
    this.#pending.clear();
    const rows = [...this.store.state.rows];
    for (const row of changed) if (rows[row.index]) rows[row.index] = row;
    this.store.set({ rows, rate });
    if (this.store.state.hasGold && performance.now() - this.#scoredAt > SCORE_MS)
      this.store.set({ scores: this.#score() });
    await this.#keep(() => storeRows(changed.filter(({ status }) => status !== "running")));
  }

  #score(): BatchScores | null {
    if (!this.store.state.hasGold) return null;
    this.#scoredAt = performance.now();
    return scoreRows(this.store.state.rows);
  }

  /** A device that refuses to store is told about once, and the work goes on. */
  async #keep(work: () => Promise<void>): Promise<void> {
    if (!this.store.state.kept) return;
    try {
      await work();
    } catch {
      this.store.set({ kept: false });
    }
  }
}

export function lacksPhoto({ photo }: BatchRow): boolean {
  return photo === "waiting" || photo === "missing";
}
