// An Analyzer over a shared engine: checks what it is given, scopes clients to their analyser, and reports times.
import { MnerError } from "../errors/mner-error.js";
import type { AnalyzeRequest, Analyzer, AnalyzerOptions, Query } from "./analyzer.js";
import type { StartHost } from "./host.js";
import type { Job, PhotoInput } from "./job.js";
import type { AnalysisResult, BackendName } from "./results.js";
import { acquireEngine } from "./shared-engine.js";

export interface Place {
  /** The model's address in its absolute form. */
  readonly model: string;
  readonly key: string;
  readonly startHost: StartHost;
  toPhoto(image: NonNullable<AnalyzeRequest["image"]>, request: AnalyzeRequest): Promise<PhotoInput>;
}

const BACKENDS: readonly ("auto" | BackendName)[] = ["auto", "webgpu", "webgl", "wasm", "cpu"];
/** More questions than this at once are a mistake, and would take minutes. */
const MOST_QUERIES = 64;
const LONGEST_QUERY = 2000;
/** Far longer than anything a reader would call a post; the work grows with the length. */
const LONGEST_TEXT = 1_000_000;

let analyzers = 0;

export function checkBackend(backend: AnalyzerOptions["backend"]): "auto" | BackendName {
  const name = backend ?? "auto";
  if (BACKENDS.includes(name)) return name;
  throw new MnerError("option-invalid", `There is no backend "${String(name)}". Use one of ${BACKENDS.join(", ")}.`);
}

export async function makeAnalyzer(options: AnalyzerOptions, place: Place): Promise<Analyzer> {
  const listener = {
    onProgress: (progress: Parameters<NonNullable<AnalyzerOptions["onProgress"]>>[0]) =>
      tell(options.onProgress, progress),
    onNotice: (notice: Parameters<NonNullable<AnalyzerOptions["onNotice"]>>[0]) => tell(options.onNotice, notice),
  };
  const engineOptions = { model: place.model, backend: checkBackend(options.backend) };
  const lease = await acquireEngine(place.key, engineOptions, place.startHost, listener, options.signal);
  const { host, queue } = lease.engine;
  const own = `${analyzers++}/`;
  let alone = 0;
  let disposed = false;
  return {
    get backend() {
      return host.info.backend;
    },
    get model() {
      return host.info.model;
    },
    async analyze(request) {
      if (disposed) throw disposedError();
      const { signal, priority = 0, client } = request;
      const job = await readRequest(request, place);
      // Disposed of while the photo was being taken over.
      if (disposed) throw disposedError();
      const name = client === undefined ? `${own}alone/${alone++}` : `${own}client/${client}`;
      const { result, queued } = await queue.add({ job, client: name, priority, signal });
      return { ...result, timings: { ...result.timings, queued, total: result.timings.total + queued } };
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      queue.cancel(({ client }) => client?.startsWith(own) ?? false, disposedError);
      lease.release();
    },
  };
}

async function readRequest(request: AnalyzeRequest, place: Place): Promise<Job> {
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
  return {
    text,
    photo: image === undefined || image === null ? null : await place.toPhoto(image, request),
    queries: queries.map(({ label, query }) => ({ label, query })),
    onlyQueries: request.onlyQueries ?? false,
    nested: request.nested ?? false,
    threshold: threshold ?? null,
  };
}

function checkQueries(queries: readonly Query[], only: boolean): void {
  if (!Array.isArray(queries)) throw new MnerError("query-invalid", "The queries must be a list of { label, query }.");
  if (queries.length > MOST_QUERIES) {
    throw new MnerError("query-invalid", `There are ${queries.length} queries. Ask at most ${MOST_QUERIES} at once.`);
  }
  if (only && queries.length === 0)
    throw new MnerError("query-invalid", "There is no query. Ask for at least one type of name.");
  for (const one of queries as readonly (Partial<Query> | null | undefined)[]) {
    const { label, query } = one ?? {};
    if (typeof label !== "string" || label.trim() === "" || typeof query !== "string" || query.trim() === "") {
      throw new MnerError("query-invalid", "A query needs a label and words that say what to look for.");
    }
    if (query.length > LONGEST_QUERY) {
      throw new MnerError("query-invalid", `The query “${label.slice(0, 50)}” is too long. Say it in a sentence.`);
    }
  }
}

function disposedError(): MnerError {
  return new MnerError("disposed", "The analyser was disposed of. Create a new one.");
}

/** A fault in a caller's callback is reported as uncaught, but stops nothing here. */
function tell<T>(callback: ((value: T) => void) | undefined, value: T): void {
  try {
    callback?.(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

export type { AnalysisResult };
