// A second worker that runs part of a batch's rows with a network of its own. Threads need a cross-origin isolated page; a
// second worker does not, and the rows of a batch have nothing to say to each other. It costs a second copy of the weights:
// it is for whoever asks more than once, and not for ever.
import type { TokenRows } from "../encoders/bert.js";
import type { RowOutput } from "../systems/system.js";
import { openWorker } from "./browser-worker.js";
import type { EngineOptions } from "./engine.js";
import type { LentPhoto } from "./lent-photo.js";
import { RemoteEngine } from "./remote-engine.js";

/** What does rows elsewhere. Fails with `worker-failed` when it is of no more use. */
export interface RowRunner {
  runRows(rows: TokenRows, photo: LentPhoto | null, signal: AbortSignal): Promise<RowOutput>;
  dispose(): void;
}

/** Starts a helper that has the very same release of the model. */
export async function startHelper(script: string, options: EngineOptions, release: string): Promise<RowRunner> {
  const events = { onProgress: () => {}, onNotice: () => {} };
  const { signal } = new AbortController();
  const helper = await RemoteEngine.start({ port: openWorker(script), options, script: null, events, signal });
  // Halves of two releases would make a result that is neither's.
  if (helper.info.release === release) return helper;
  helper.dispose();
  throw new Error("The model has changed on its server.");
}

export interface HelperRules {
  /** The job at which a helper is called; it serves the ones after. */
  readonly fromJob: number;
  /** Helpers that nobody has asked for so long give their memory back. */
  readonly restMs: number;
  /** The most at a time: each holds weights of its own. */
  readonly most: number;
}

const RULES: HelperRules = { fromJob: 2, restMs: 60_000, most: 1 };

/** One helper at two and three cores, two from four on, three from six on: more would have no row to run. */
export function helpersFor(cores: number): number {
  return cores >= 6 ? 3 : cores >= 4 ? 2 : 1;
}

/** The helpers' life: when they are worth having, and when they go. They come one after the other. */
export class HelperLife {
  private readonly start: () => Promise<RowRunner>;
  private readonly rules: HelperRules;
  private helpers: RowRunner[] = [];
  private starting = false;
  private ended = false;
  private jobs = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(start: () => Promise<RowRunner>, rules: Partial<HelperRules> = {}) {
    this.start = start;
    this.rules = { ...RULES, ...rules };
  }

  /** Called once per job: the helpers that are there by now. */
  ask(): readonly RowRunner[] {
    this.jobs++;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), this.rules.restMs);
    if (this.helpers.length < this.rules.most && this.jobs >= this.rules.fromJob) void this.call();
    return this.helpers;
  }

  /** Where one has failed none is called again. */
  giveUp(): void {
    this.ended = true;
    this.rest();
  }

  private rest(): void {
    clearTimeout(this.timer);
    for (const helper of this.helpers.splice(0)) helper.dispose();
    this.jobs = 0;
  }

  private async call(): Promise<void> {
    if (this.starting || this.ended) return;
    this.starting = true;
    try {
      const helper = await this.start();
      if (this.ended) helper.dispose();
      else this.helpers = [...this.helpers, helper];
    } catch {
      // Nothing is lost but speed: no second worker may be had here.
      this.ended = true;
    } finally {
      this.starting = false;
    }
  }
}
