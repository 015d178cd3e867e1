// Whoever runs an engine for the page: a worker, or the page itself.
import type { EngineEvents, EngineInfo, EngineOptions, Job } from "./job.js";
import type { AnalysisResult } from "./results.js";

export interface Host {
  readonly info: EngineInfo;
  /** Settles, after an abort too, only when the host can take the next job. */
  analyze(job: Job, signal: AbortSignal): Promise<AnalysisResult>;
  dispose(): void;
}

export type StartHost = (options: EngineOptions, events: EngineEvents, signal: AbortSignal) => Promise<Host>;
