// What the main thread and a worker thread say to each other.
import type { AnalysisJob, AnalyzerChoice, JobFailure, JobOutcome } from "./job.js";

/** Given to a worker when it starts. */
export interface WorkerSetup {
  readonly choice: AnalyzerChoice;
}

export interface AnalyzerFacts {
  readonly backend: string;
  readonly model: { readonly name: string; readonly version: string };
}

export interface JobMessage {
  readonly id: number;
  readonly job: AnalysisJob;
}

export type WorkerMessage =
  | { readonly kind: "ready"; readonly facts: AnalyzerFacts }
  | { readonly kind: "failed"; readonly failure: JobFailure }
  | { readonly kind: "done"; readonly id: number; readonly outcome: JobOutcome };
