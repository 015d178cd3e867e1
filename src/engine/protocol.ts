// What the page and its worker say to each other.
import { isMnerError, MnerError, type MnerErrorCode } from "../errors/mner-error.js";
import type { Progress } from "./analyzer.js";
import type { EngineOptions } from "./engine-core.js";
import type { EngineInfo, Job } from "./job.js";
import type { AnalysisResult, Notice } from "./results.js";

export type ToWorker =
  | { readonly type: "start"; readonly options: EngineOptions }
  | { readonly type: "analyze"; readonly id: number; readonly job: Job }
  | { readonly type: "abort"; readonly id: number };

export type FromWorker =
  /** The script has loaded: from here on a fault is the engine's, not the browser's. */
  | { readonly type: "alive" }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "notice"; readonly notice: Notice }
  | { readonly type: "started"; readonly info: EngineInfo }
  | { readonly type: "failed"; readonly error: PlainError }
  | { readonly type: "result"; readonly id: number; readonly result: AnalysisResult; readonly info: EngineInfo }
  | { readonly type: "error"; readonly id: number; readonly error: PlainError; readonly info: EngineInfo };

/** Whoever hears a word that it does not know keeps silent. */
export function isToWorker(data: unknown): data is ToWorker {
  if (typeof data !== "object" || data === null) return false;
  const { type, id, options, job } = data as { type?: unknown; id?: unknown; options?: unknown; job?: unknown };
  const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
  if (type === "start") return isObject(options);
  return typeof id === "number" && (type === "abort" || (type === "analyze" && isObject(job)));
}

/** An error as plain data: structuredClone would lose its class and code. */
export interface PlainError {
  readonly code: MnerErrorCode;
  readonly message: string;
  readonly cause: string | null;
}

export function toPlainError(error: unknown): PlainError {
  const known = classify(error);
  const { cause } = known;
  return { code: known.code, message: known.message, cause: cause === undefined ? null : describeCause(cause) };
}

export function fromPlainError({ code, message, cause }: PlainError): MnerError {
  return new MnerError(code, message, cause === null ? {} : { cause: new Error(cause) });
}

const OUT_OF_MEMORY =
  /allocation failed|out of memory|cannot enlarge memory|memory access out of bounds|invalid array length/i;

/** Ours pass through; what the machine throws when its memory is full gets its own code, since there is a remedy. */
export function classify(error: unknown): MnerError {
  if (isMnerError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (OUT_OF_MEMORY.test(message)) {
    return new MnerError(
      "out-of-memory",
      "There was not enough memory. Close other pages, or use a smaller photo or model.",
      {
        cause: error,
      },
    );
  }
  return new MnerError("internal", `Something went wrong inside mner-qg: ${message}. Please report it.`, {
    cause: error,
  });
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
