// An Analyzer over a pooled engine: checks what it is given, queues it, and reports times.
import { throwIfAborted } from "../core/abort.js";
import { bare } from "../core/json.js";
import { isMnerError, MnerError } from "../core/mner-error.js";
import type { BackendName, Query } from "../core/results.js";
import { tell } from "../core/share.js";
import type { AnalyzeRequest, Analyzer, AnalyzerOptions } from "./analyzer.js";
import type { Job, OnPartial, PhotoInput, StartEngine } from "./engine.js";
import { acquireEngine } from "./pool.js";

/** Where engines of this kind come from. */
export interface Source<Request extends AnyRequest> {
  /** The model's address in its absolute form. */
  readonly model: string;
  /** Analysers with the same key share an engine. */
  readonly key: readonly unknown[];
  readonly start: StartEngine;
  toPhoto(image: NonNullable<Request["image"]>, request: Request): Promise<PhotoInput>;
}

/** A request whatever a photo is in. */
export type AnyRequest = Omit<AnalyzeRequest, "image" | "crossOrigin"> & { readonly image?: unknown };

const BACKENDS: readonly ("auto" | BackendName)[] = ["auto", "webgpu", "webgl", "wasm", "cpu"];
/** More questions than this at once are a mistake, and would take minutes. */
const MOST_QUERIES = 64;
const LONGEST_QUERY = 2000;
/** Far longer than anything a reader would call a post; the work grows with the length. */
const LONGEST_TEXT = 1_000_000;
/** What timers can count. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export function checkBackend(backend: AnalyzerOptions["backend"]): "auto" | BackendName {
  const name = backend ?? "auto";
  if (BACKENDS.includes(name)) return name;
  throw new MnerError("option-invalid", `There is no backend "${String(name)}". Use one of ${BACKENDS.join(", ")}.`);
}

export async function makeAnalyzer<Request extends AnyRequest>(
  given: AnalyzerOptions,
  source: Source<Request>,
): Promise<Omit<Analyzer, "analyze"> & { analyze(request: Request): ReturnType<Analyzer["analyze"]> }> {
  const options = bare(given);
  const engineOptions = { model: source.model, backend: checkBackend(options.backend) };
  const lease = await acquireEngine(
    source.key,
    engineOptions,
    source.start,
    (told) => {
      const event = bare(told);
      if ("progress" in event) options.onProgress?.(event.progress);
      else options.onNotice?.(event.notice);
    },
    options.signal,
  );
  const { engine, queue } = lease.value;
  const ended = new AbortController();
  return {
    get backend() {
      return engine.info.backend;
    },
    get model() {
      return engine.info.model;
    },
    async analyze(given) {
      const request = bare(given);
      throwIfAborted(ended.signal);
      const job = await readRequest(request, source.toPhoto);
      // Disposed of while the photo was being taken over.
      throwIfAborted(ended.signal);
      const signal = request.signal ? AbortSignal.any([request.signal, ended.signal]) : ended.signal;
      const { priority = 0, timeout, onPartial } = request;
      const asked = { job, onPartial: onPartial && heard(onPartial) };
      const { result, queued } = await queue.add({ job: asked, priority, signal, timeout });
      return { ...result, timings: { ...result.timings, queued, total: result.timings.total + queued } };
    },
    dispose() {
      if (ended.signal.aborted) return;
      ended.abort(new MnerError("disposed", "The analyser was disposed of. Create a new one."));
      lease.release();
    },
  };
}

/** A fault in a caller's callback stops nothing here. */
const heard =
  (onPartial: OnPartial): OnPartial =>
  (result, fraction) =>
    tell(() => onPartial(result, fraction), undefined);

/** Checks a request and makes of it what an engine takes. */
export async function readRequest<Request extends AnyRequest>(
  request: Request,
  toPhoto: Source<Request>["toPhoto"],
): Promise<Job> {
  const { text, image, queries = [], threshold } = request;
  if (typeof text !== "string") throw new MnerError("text-invalid", "The text must be a string.");
  if (text.length > LONGEST_TEXT) {
    throw new MnerError(
      "text-invalid",
      `The text has ${text.length} characters. Give at most ${LONGEST_TEXT}; split it.`,
    );
  }
  checkQueries(queries, request.onlyQueries ?? false);
  if (threshold !== undefined && !(threshold >= 0 && threshold <= 1)) {
    throw new MnerError("option-invalid", `The threshold is ${String(threshold)}, but must be between 0 and 1.`);
  }
  const { timeout, onPartial } = request;
  if (timeout !== undefined && !(timeout > 0 && timeout <= LONGEST_TIMEOUT)) {
    const most = `between 0 and ${LONGEST_TIMEOUT} milliseconds`;
    throw new MnerError("option-invalid", `The timeout is ${String(timeout)}, but must be ${most}.`);
  }
  if (onPartial !== undefined && typeof onPartial !== "function") {
    throw new MnerError("option-invalid", "onPartial must be a function. Leave it out to hear only of the end.");
  }
  return {
    text,
    photo: image === undefined || image === null ? null : await readPhoto(image, request, toPhoto),
    strictPhoto: request.strictPhoto ?? false,
    queries: queries.map(({ label, query }) => ({ label, query })),
    onlyQueries: request.onlyQueries ?? false,
    nested: request.nested ?? false,
    threshold: threshold ?? null,
    partials: onPartial !== undefined,
  };
}

/** The engine decides what becomes of a photo that cannot be had. */
async function readPhoto<Request extends AnyRequest>(
  image: NonNullable<Request["image"]>,
  request: Request,
  toPhoto: Source<Request>["toPhoto"],
): Promise<PhotoInput> {
  try {
    return await toPhoto(image, request);
  } catch (error) {
    if (!isMnerError(error) || !error.code.startsWith("image-")) throw error;
    return { kind: "broken", code: error.code, message: error.message };
  }
}

function checkQueries(queries: readonly Query[], only: boolean): void {
  if (!Array.isArray(queries)) throw new MnerError("query-invalid", "The queries must be a list of { label, query }.");
  if (queries.length > MOST_QUERIES) {
    throw new MnerError("query-invalid", `There are ${queries.length} queries. Ask at most ${MOST_QUERIES} at once.`);
  }
  if (only && queries.length === 0)
    throw new MnerError("query-invalid", "There is no query. Ask for at least one type of name.");
  for (const one of queries as readonly (Partial<Query> | null | undefined)[]) {
    const { label, query } = bare(one ?? {});
    if (typeof label !== "string" || label.trim() === "" || typeof query !== "string" || query.trim() === "") {
      throw new MnerError("query-invalid", "A query needs a label and words that say what to look for.");
    }
    if (query.length > LONGEST_QUERY) {
      throw new MnerError("query-invalid", `The query “${label.slice(0, 50)}” is too long. Say it in a sentence.`);
    }
  }
}
