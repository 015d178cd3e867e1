// Opens an analyzer in this thread and runs jobs on it.
import { createAnalyzer, type NodeAnalyzer } from "../../engine/node.js";
import { type AnalysisJob, type AnalyzerChoice, failureOf, type JobOutcome, toRequest } from "./job.js";

export function openAnalyzer(choice: AnalyzerChoice, signal?: AbortSignal): Promise<NodeAnalyzer> {
  return createAnalyzer({ model: choice.model, backend: choice.backend, signal });
}

/** Never throws: whatever one tweet does must not end the run. */
export async function runJob(analyzer: NodeAnalyzer, job: AnalysisJob): Promise<JobOutcome> {
  try {
    return { result: await analyzer.analyze(toRequest(job)), failure: null };
  } catch (error) {
    return failureOf(error);
  }
}
