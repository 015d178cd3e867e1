// Progress on stderr: a bar that is redrawn on a terminal, a plain line now and then anywhere else (a log must stay a log).
import type { CommandContext } from "./context.js";
import { formatSeconds } from "./table.js";

const BAR_WIDTH = 24;
const REDRAW_MILLISECONDS = 100;
const LINE_MILLISECONDS = 10_000;
/** The rate is that of the last while, not of all time: a slow start must not spoil the estimate for hours. */
const WINDOW = 50;

export interface ProgressOptions {
  /** What is counted, as in "12 / 100 tweets". */
  readonly unit: string;
  /** When unknown, only count and rate are shown. */
  readonly total: number | null;
  /** Already done before this run, so not counted in the rate. */
  readonly done?: number;
  readonly now?: () => number;
}

export interface Progress {
  advance(count?: number): void;
  /** Draws the last state and ends the line. */
  finish(): void;
}

export function startProgress(context: CommandContext, options: ProgressOptions): Progress {
  const now = options.now ?? (() => performance.now());
  const { total, unit } = options;
  let done = options.done ?? 0;
  let drawn = now();
  let width = 0;
  const marks: { time: number; done: number }[] = [{ time: now(), done }];

  const describe = (): string => {
    const first = marks[0]!;
    const seconds = (now() - first.time) / 1000;
    const rate = seconds > 0 ? (done - first.done) / seconds : 0;
    const speed = rate > 0 ? `, ${rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)}/s` : "";
    if (total === null) return `${done} ${unit}${speed}`;
    const left = rate > 0 && done < total ? `, ${formatSeconds((total - done) / rate)} left` : "";
    return `${done} / ${total} ${unit}${speed}${left}`;
  };
  const draw = (): void => {
    drawn = now();
    if (!context.interactive) {
      context.error(`${describe()}\n`);
      return;
    }
    const filled = total === null || total === 0 ? 0 : Math.round((done / total) * BAR_WIDTH);
    const bar = total === null ? "" : `[${"█".repeat(filled)}${"·".repeat(BAR_WIDTH - filled)}] `;
    const line = `${bar}${describe()}`;
    // Spaces wipe what a longer line before left behind.
    context.error(`\r${line.padEnd(width)}`);
    width = line.length;
  };
  return {
    advance(count = 1) {
      done += count;
      marks.push({ time: now(), done });
      if (marks.length > WINDOW) marks.shift();
      if (now() - drawn >= (context.interactive ? REDRAW_MILLISECONDS : LINE_MILLISECONDS)) draw();
    },
    finish() {
      draw();
      if (context.interactive) context.error("\n");
    },
  };
}
