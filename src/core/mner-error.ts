// The one error type of the project: a closed set of codes, a message that says what to do next, and the cause.

/** Every way this library can fail. A caller may switch over it exhaustively. */
export type MnerErrorCode =
  // what the caller gave
  | "text-empty"
  | "text-invalid"
  | "query-invalid"
  | "option-invalid"
  | "results-invalid"
  // the photo
  | "image-unreadable"
  | "image-unsupported"
  | "image-truncated"
  | "image-too-large"
  | "image-cross-origin"
  | "image-network"
  // the model folder
  | "model-not-found"
  | "model-not-a-model"
  | "model-manifest-invalid"
  | "model-version-unsupported"
  | "model-shard-missing"
  | "model-shard-truncated"
  | "model-shard-corrupt"
  | "model-network"
  | "model-mismatch"
  | "model-too-large"
  // the machine
  | "offline"
  | "backend-unavailable"
  | "self-test-failed"
  | "device-lost"
  | "out-of-memory"
  | "worker-failed"
  | "storage-unavailable"
  // the course of things
  | "aborted"
  | "too-slow"
  | "disposed"
  // the command line and its files
  | "usage"
  | "input-unreadable"
  | "input-invalid"
  | "output-unwritable"
  | "checkpoint-truncated"
  | "checkpoint-unsupported"
  | "checkpoint-mismatch"
  // a fault of ours
  | "internal";

/** A failure with a code to switch on and a message that says what to do next. */
export class MnerError extends Error {
  readonly code: MnerErrorCode;

  constructor(code: MnerErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "MnerError";
    this.code = code;
  }
}

/** Tells our errors from others, also across two copies of the script on one page (where `instanceof` would fail). */
export function isMnerError(error: unknown): error is MnerError {
  return error instanceof Error && error.name === "MnerError" && typeof (error as { code?: unknown }).code === "string";
}

/** Wraps whatever was thrown: ours pass through, anything else becomes `internal` (or the given code) with its cause kept. */
export function toMnerError(error: unknown, code: MnerErrorCode = "internal", message?: string): MnerError {
  if (isMnerError(error)) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new MnerError(code, message ?? `Something went wrong inside mner-qg: ${detail}. Please report it.`, {
    cause: error,
  });
}
