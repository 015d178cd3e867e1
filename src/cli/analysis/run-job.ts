// Opens an analyzer in this thread and runs jobs on it. The main thread and every worker thread use the same few lines.

import { isMnerError, MnerError } from "../../core/mner-error.js";
import { createAnalyzer, type NodeAnalyzer } from "../../engine/node.js";
import { type AnalysisJob, type AnalyzerChoice, failureOf, type JobFailure, type JobOutcome } from "./job.js";
import { readPhoto } from "./photos.js";

export function openAnalyzer(choice: AnalyzerChoice, signal?: AbortSignal): Promise<NodeAnalyzer> {
  return createAnalyzer({ model: choice.model, backend: choice.backend, signal });
}

/** A tweet takes a fraction of a second. */
const LONGEST_SECONDS = 60;

function tooSlow({ seconds = LONGEST_SECONDS }: AnalysisJob): MnerError {
  return new MnerError(
    "too-slow",
    `The tweet took more than ${seconds} seconds. Shorten it, or allow more with --seconds.`,
  );
}

/** Whatever keeps the photo from being read is no fault of the text, unless that was asked for. */
function photoOf({ photo, strictPhoto, photoFault = null }: AnalysisJob): {
  image: Blob | null;
  fault: JobFailure | null;
} {
  if (photo === null) return { image: null, fault: photoFault };
  try {
    return { image: readPhoto(photo), fault: null };
  } catch (error) {
    const fault = failureOf(error).failure!;
    if (strictPhoto || !fault.code.startsWith("image-")) throw error;
    return { image: null, fault };
  }
}

/** Never throws: whatever one tweet does must not end the run. */
export async function runJob(analyzer: NodeAnalyzer, job: AnalysisJob): Promise<JobOutcome> {
  const limit = AbortSignal.timeout((job.seconds ?? LONGEST_SECONDS) * 1000);
  try {
    const { image, fault } = photoOf(job);
    const result = await analyzer.analyze({
      text: job.text,
      image,
      strictPhoto: job.strictPhoto,
      signal: limit,
      queries: job.queries,
      onlyQueries: job.queries !== undefined,
      nested: job.nested,
      threshold: job.threshold,
    });
    return { result: fault === null ? result : { ...result, notices: [...result.notices, fault] }, failure: null };
  } catch (error) {
    if (limit.aborted && isMnerError(error) && error.code === "aborted") return failureOf(tooSlow(job));
    return failureOf(error);
  }
}
