// Fetches one file of known length and hash. A lost connection is resumed where it broke; bytes that do not match the
// hash are fetched once more past all caches; nothing is returned that was not verified.
import { MnerError } from "../core/mner-error.js";
import { fileAddress } from "./address.js";
import { connect } from "./connection.js";
import { notAModel } from "./manifest.js";
import type { FileEntry } from "./manifest-types.js";
import { connectionError, delayBefore, isTemporary, type RetryRule, retryAfter, wait } from "./retry.js";
import { sha256 } from "./sha256.js";

export interface FetchContext {
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  readonly rule: RetryRule;
}

/** A body that properly ended too early, after so many attempts without gain, is a truncated file, not a bad connection. */
const SHORT_ENDS = 2;
/** Wrong hashes before the file itself is taken to be wrong; the first may be a stale cache or a bad seam. */
const MOST_MISMATCHES = 2;

/** What one request ended in. */
type Outcome =
  | { readonly kind: "complete" }
  | { readonly kind: "short" }
  | { readonly kind: "lost"; readonly cause: unknown; readonly detail?: string; readonly waitMs?: number };

/** Fetches and verifies one file; `onBytes` tells how many bytes are there so far (it may go back when one starts over). */
export async function fetchFile(
  folder: URL,
  entry: FileEntry,
  context: FetchContext,
  onBytes: (loaded: number) => void,
): Promise<Uint8Array> {
  const download = new Download(fileAddress(folder, entry.path), entry, context, onBytes);
  return download.run();
}

class Download {
  private readonly url: URL;
  private readonly entry: FileEntry;
  private readonly context: FetchContext;
  private readonly onBytes: (loaded: number) => void;
  private readonly bytes: Uint8Array;
  private filled = 0;
  /** The most that was ever there: an attempt that gets no further is fruitless. */
  private furthest = 0;
  private fruitless = 0;
  private mismatches = 0;
  private mayResume = true;
  private pastCaches = false;
  private tag: string | null = null;

  constructor(url: URL, entry: FileEntry, context: FetchContext, onBytes: (loaded: number) => void) {
    this.url = url;
    this.entry = entry;
    this.context = context;
    this.onBytes = onBytes;
    this.bytes = new Uint8Array(entry.bytes);
  }

  async run(): Promise<Uint8Array> {
    const { rule, signal } = this.context;
    for (;;) {
      const outcome = await this.attempt();
      if (outcome.kind === "complete") {
        if ((await sha256(this.bytes)) === this.entry.sha256) return this.bytes;
        this.countMismatch();
        continue;
      }
      if (this.filled > this.furthest) {
        this.furthest = this.filled;
        this.fruitless = 0;
      } else this.fruitless += 1;
      if (outcome.kind === "short") {
        if (this.fruitless >= SHORT_ENDS) throw this.truncated();
        // The file may have been cut off in a cache on the way.
        this.pastCaches = true;
      } else if (this.fruitless >= rule.attempts) throw connectionError(this.url, outcome.cause, outcome.detail);
      const asked = outcome.kind === "lost" ? outcome.waitMs : 0;
      await wait(delayBefore(this.fruitless, rule, asked), signal);
    }
  }

  private async attempt(): Promise<Outcome> {
    const { fetch, signal, rule } = this.context;
    const from = this.mayResume ? this.filled : 0;
    const headers: Record<string, string> = {};
    if (from > 0) {
      headers.range = `bytes=${from}-`;
      // Not allowed across origins without asking first; there the hash alone decides whether the parts fit.
      if (this.tag && this.isSameOrigin()) headers["if-range"] = this.tag;
    }
    let connection: Awaited<ReturnType<typeof connect>>;
    try {
      const cache = this.pastCaches ? "reload" : "default";
      connection = await connect(fetch, this.url, { headers, cache, redirect: "follow" }, signal, rule.stallMs);
    } catch (error) {
      rethrowAborted(error);
      // Another origin may refuse the Range header; the next attempt does without.
      if (from > 0 && !this.isSameOrigin()) this.mayResume = false;
      return { kind: "lost", cause: error };
    }
    try {
      const refused = this.begin(connection.response, from);
      return refused ?? (await this.read(connection));
    } finally {
      connection.close();
    }
  }

  /** Looks at status and headers; says how the attempt ended if there is no body worth reading. */
  private begin(response: Response, from: number): Outcome | null {
    const { status } = response;
    if (status === 416 || (status === 206 && !this.continuesAt(response, from))) {
      this.startOver();
      return { kind: "short" };
    }
    if (isTemporary(status)) {
      return { kind: "lost", cause: undefined, detail: ` (status ${status})`, waitMs: retryAfter(response) };
    }
    if (!response.ok) throw this.missing(status);
    if (status !== 206) {
      this.filled = 0;
      const encoding = response.headers.get("content-encoding");
      // Ranges of a compressed answer count compressed bytes, which are not what is kept here.
      if (encoding && encoding !== "identity") this.mayResume = false;
      this.tag = strongTag(response);
    }
    return null;
  }

  private async read(connection: Awaited<ReturnType<typeof connect>>): Promise<Outcome> {
    const html = /^text\/html\b/i.test(connection.response.headers.get("content-type") ?? "");
    for (;;) {
      let chunk: Uint8Array | null;
      try {
        chunk = await connection.next();
      } catch (error) {
        rethrowAborted(error);
        return { kind: "lost", cause: error };
      }
      if (chunk === null) return { kind: this.filled === this.entry.bytes ? "complete" : "short" };
      if (this.filled === 0 && chunk.length > 0 && looksLikeWebPage(chunk, html)) {
        throw notAModel(`the server gave a web page instead of ${this.entry.path}`);
      }
      if (this.filled + chunk.length > this.entry.bytes) {
        // Longer than it should be: not this file. Read no further, an endless answer included.
        this.countMismatch("is longer than the manifest says");
        return { kind: "lost", cause: undefined, detail: " (the file is too long)" };
      }
      this.bytes.set(chunk, this.filled);
      this.filled += chunk.length;
      this.onBytes(this.filled);
    }
  }

  /**
   * Whether a 206 carries on exactly where we are, as far as can be seen (another origin may hide the header). Whether it
   * is of the same version of the file, the hash decides in the end.
   */
  private continuesAt(response: Response, from: number): boolean {
    const range = /^bytes (\d+)-\d*\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
    return !range || (Number(range[1]) === from && (range[2] === "*" || Number(range[2]) === this.entry.bytes));
  }

  private startOver(): void {
    this.filled = 0;
    this.mayResume = false;
    this.onBytes(0);
  }

  private countMismatch(how = "does not have the hash that the manifest says"): void {
    this.mismatches += 1;
    if (this.mismatches >= MOST_MISMATCHES) {
      throw new MnerError(
        "model-shard-corrupt",
        `${this.entry.path} ${how}: it was damaged, changed, or belongs to another release of the model. ` +
          "Upload the whole model folder again.",
      );
    }
    this.startOver();
    this.pastCaches = true;
  }

  private truncated(): MnerError {
    return new MnerError(
      "model-shard-truncated",
      `${this.entry.path} ends after ${this.furthest} of ${this.entry.bytes} bytes. Upload the whole model folder again.`,
    );
  }

  private missing(status: number): MnerError {
    return new MnerError(
      "model-shard-missing",
      `The server has no ${this.entry.path} (status ${status}) although the model's manifest names it. ` +
        "Upload the whole model folder again.",
    );
  }

  private isSameOrigin(): boolean {
    const page = (globalThis as { location?: { origin?: string } }).location?.origin;
    return page === undefined || page === this.url.origin;
  }
}

function rethrowAborted(error: unknown): void {
  if (error instanceof MnerError) throw error;
}

/** A weak tag does not promise the same bytes. */
function strongTag(response: Response): string | null {
  const tag = response.headers.get("etag");
  return tag && !tag.startsWith("W/") ? tag : null;
}

/** Told by its content as well as its type: some servers call every unknown file text/html. */
function looksLikeWebPage(start: Uint8Array, html: boolean): boolean {
  const text = new TextDecoder("latin1").decode(start.subarray(0, 64)).trimStart().toLowerCase();
  return text.startsWith("<!doctype") || text.startsWith("<html") || (html && text.startsWith("<"));
}
