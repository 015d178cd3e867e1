// When a helper is worth having: for whoever asks more than once, and not for ever. It costs a second copy of the weights.
import type { Helper } from "./helper.js";

export interface HelpRules {
  /** The job at which a helper is called; it serves the ones after. */
  readonly fromJob: number;
  /** A helper that nobody has asked for so long gives its memory back. */
  readonly restMs: number;
}

const RULES: HelpRules = { fromJob: 2, restMs: 60_000 };

export class Helping {
  private readonly start: () => Promise<Helper>;
  private readonly rules: HelpRules;
  private helper: Helper | null = null;
  private starting = false;
  private ended = false;
  private jobs = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(start: () => Promise<Helper>, rules = RULES) {
    this.start = start;
    this.rules = rules;
  }

  /** Called once per job: the helper, if there is one by now. */
  ask(): Helper | null {
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
