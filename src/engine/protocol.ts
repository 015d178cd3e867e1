// What an engine in another thread and whoever started it say to each other: the page and its worker, a worker and its
// helper, the command line and its threads.
import { isMnerError, MnerError, type MnerErrorCode } from "../core/mner-error.js";
import type { AnalysisResult, Notice } from "../core/results.js";
import type { TokenRows } from "../encoders/bert.js";
import type { PlainTree } from "../nn/tensor-tree.js";
import type { RowOutput } from "../systems/system.js";
import type { Progress } from "./analyzer.js";
import type { EngineInfo, EngineOptions, Job } from "./engine.js";

export type ToEngine =
  /** With the worker's own address, in case it may start a helper. */
  | { readonly type: "start"; readonly options: EngineOptions; readonly script: string | null }
  | { readonly type: "analyze"; readonly id: number; readonly job: Job }
  | { readonly type: "abort"; readonly id: number }
  /** To a helper: part of a batch, whose photo may follow; without it, the key is that of one it has. */
  | {
      readonly type: "run-rows";
      readonly id: number;
      readonly rows: TokenRows;
      readonly withPhoto: boolean;
      readonly photoKey: string | null;
    }
  | { readonly type: "photo"; readonly id: number; readonly photo: PlainTree };

/** What a call gives. */
export type Answer = AnalysisResult | RowOutput;

export type FromEngine =
  /** The script has loaded: from here on a fault is the engine's, not the browser's. */
  | { readonly type: "alive" }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "notice"; readonly notice: Notice }
  | { readonly type: "started"; readonly info: EngineInfo }
  | { readonly type: "failed"; readonly error: PlainError }
  /** The call has arrived. */
  | { readonly type: "received"; readonly id: number }
  /** Something came that could not be read, such as pixels that were given away meanwhile. */
  | { readonly type: "unreadable" }
  | { readonly type: "answer"; readonly id: number; readonly answer: Answer; readonly info: EngineInfo }
  | { readonly type: "error"; readonly id: number; readonly error: PlainError; readonly info: EngineInfo };

/** Either end of a connection between two threads, whatever the platform calls it. */
export interface Port {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** `gone` hears why nothing more will come. */
  listen(hear: (message: unknown) => void, gone: (why: string) => void): void;
  close(): void;
}

/** Whoever hears a word that it does not know keeps silent. */
export function isToEngine(data: unknown): data is ToEngine {
  if (typeof data !== "object" || data === null) return false;
  const message = data as Readonly<Record<string, unknown>>;
  const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
  if (message.type === "start") return isObject(message.options);
  const needed: Readonly<Record<string, boolean>> = {
    analyze: isObject(message.job),
    abort: true,
    "run-rows": isObject(message.rows),
    photo: isObject(message.photo),
  };
  const { type, id } = message;
  return typeof id === "number" && typeof type === "string" && Object.hasOwn(needed, type) && needed[type] === true;
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
      { cause: error },
    );
  }
  return new MnerError("internal", `Something went wrong inside mner-qg: ${message}. Please report it.`, {
    cause: error,
  });
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
