// The engines that analysers use: one per model address, backend and place to run, for however many tags and callers want it.
// One download, one queue, one copy of the weights; it goes when the last of them has let go.
import type { AnalysisResult, Notice } from "../core/results.js";
import { type Lease, Share } from "../core/share.js";
import type { Progress } from "./analyzer.js";
import type { Engine, EngineOptions, Job, OnPartial, StartEngine } from "./engine.js";
import { JobQueue } from "./queue.js";

/** A job, and who hears of it on the way: that stays on this side. */
export interface Asked {
  readonly job: Job;
  readonly onPartial?: OnPartial | undefined;
}

export interface PooledEngine {
  readonly engine: Engine;
  readonly queue: JobQueue<Asked, AnalysisResult>;
}

export type EngineEvent = { readonly progress: Progress } | { readonly notice: Notice };

const engines = new Share<PooledEngine, EngineEvent>(({ engine }) => engine.dispose());

/** Joins the engine of this key, or starts it. */
export function acquireEngine(
  key: readonly unknown[],
  options: EngineOptions,
  start: StartEngine,
  onEvent: (event: EngineEvent) => void,
  signal: AbortSignal | undefined,
): Promise<Lease<PooledEngine>> {
  return engines.hold({
    key,
    signal,
    onEvent,
    make: async (stop, tell) => {
      let shown = 0;
      const events = {
        onProgress: (progress: Progress): void => {
          // A worker that is started again begins at zero; what has been shown does not go back.
          if (progress.fraction < shown) return;
          shown = progress.fraction;
          tell({ progress }, true);
        },
        onNotice: (notice: Notice): void => tell({ notice }),
      };
      const engine = await start(options, events, stop);
      return {
        engine,
        queue: new JobQueue<Asked, AnalysisResult>(({ job, onPartial }, abort) =>
          engine.analyze(job, abort, onPartial),
        ),
      };
    },
  });
}
