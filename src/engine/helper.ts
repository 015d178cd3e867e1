// A second worker that runs part of a batch's rows with a network of its own. Threads need a cross-origin isolated page; a
// second worker does not, and the rows of a batch have nothing to say to each other. It costs a second copy of the weights:
// it is for whoever asks more than once, and not for ever.
import type { TokenRows } from "../encoders/bert.js";
import type { PlainTree } from "../nn/tensor-tree.js";
import type { RowOutput } from "../systems/system.js";
import { openWorker } from "./browser-worker.js";
import type { EngineOptions } from "./engine.js";
import { RemoteEngine } from "./remote-engine.js";

/** What does rows elsewhere. Fails with `worker-failed` when it is of no more use. */
export interface RowRunner {
  runRows(rows: TokenRows, photo: Promise<PlainTree> | null, signal: AbortSignal): Promise<RowOutput>;
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
  /** A helper that nobody has asked for so long gives its memory back. */
  readonly restMs: number;
}

const RULES: HelperRules = { fromJob: 2, restMs: 60_000 };

/** The helper's life: when one is worth having, and when it goes. */
export class HelperLife {
  private readonly start: () => Promise<RowRunner>;
  private readonly rules: HelperRules;
  private helper: RowRunner | null = null;
  private starting = false;
  private ended = false;
  private jobs = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(start: () => Promise<RowRunner>, rules = RULES) {
    this.start = start;
    this.rules = rules;
  }

  /** Called once per job: the helper, if there is one by now. */
  ask(): RowRunner | null {
    this.jobs++;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), this.rules.restMs);
    if (this.helper === null && this.jobs >= this.rules.fromJob) void this.call();
    return this.helper;
  }

  /** One that has failed is not called again. */
  giveUp(): void {
    this.ended = true;
    this.rest();
  }

  private rest(): void {
    clearTimeout(this.timer);
    this.helper?.dispose();
    this.helper = null;
    this.jobs = 0;
  }

  private async call(): Promise<void> {
    if (this.starting || this.ended) return;
    this.starting = true;
    try {
      const helper = await this.start();
      if (this.ended) helper.dispose();
      else this.helper = helper;
    } catch {
      // Nothing is lost but speed: no second worker may be had here.
      this.ended = true;
    } finally {
      this.starting = false;
    }
  }
}
