// Opens an analyzer in this thread and runs jobs on it. The main thread and every worker thread use the same few lines.
import { createAnalyzer, type NodeAnalyzer } from "../../engine/node.js";
import { type AnalysisJob, type AnalyzerChoice, failureOf, type JobOutcome } from "./job.js";
import { readPhoto } from "./photos.js";

export function openAnalyzer(choice: AnalyzerChoice, signal?: AbortSignal): Promise<NodeAnalyzer> {
  return createAnalyzer({ model: choice.model, backend: choice.backend, signal });
}

/** Never throws: whatever one tweet does must not end the run. */
export async function runJob(analyzer: NodeAnalyzer, job: AnalysisJob): Promise<JobOutcome> {
  try {
    const result = await analyzer.analyze({
      text: job.text,
      image: job.photo === null ? null : readPhoto(job.photo),
      queries: job.queries,
      onlyQueries: job.queries !== undefined,
      nested: job.nested,
      threshold: job.threshold,
    });
    return { result, failure: null };
  } catch (error) {
    return failureOf(error);
  }
}
