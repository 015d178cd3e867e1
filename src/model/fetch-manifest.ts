// Fetches manifest.json, of which only the folder's address is known. It is the root of trust for all other files, so
// it must come from the origin that was asked.

import { joinBytes } from "../core/bytes.js";
import { invalid } from "../core/json.js";
import { MnerError } from "../core/mner-error.js";
import { fileAddress } from "./address.js";
import { type Connection, connect } from "./connection.js";
import type { FetchContext } from "./fetch-file.js";
import { MANIFEST_LIMITS } from "./limits.js";
import { MANIFEST_FILE, parseManifest } from "./manifest.js";
import type { ModelManifest } from "./manifest-types.js";
import { connectionError, delayBefore, isTemporary, retryAfter, wait } from "./retry.js";
import { sha256 } from "./sha256.js";

/** A manifest that passed all checks, with what tells its release from any other. */
export interface Release {
  readonly manifest: ModelManifest;
  readonly bytes: Uint8Array;
  /** SHA-256 of manifest.json: it names every file's hash, so it stands for the whole release. */
  readonly hash: string;
  /** Where the files lie; differs from the asked folder only after a redirect within the origin. */
  readonly folder: URL;
}

/** Fetches and checks the manifest. `pastCaches` asks the server itself, whatever lies in between. */
export async function fetchManifest(folder: URL, context: FetchContext, pastCaches = false): Promise<Release> {
  const { rule, signal } = context;
  const url = fileAddress(folder, MANIFEST_FILE);
  for (let attempt = 1; ; attempt++) {
    let failure: { cause: unknown; detail?: string; waitMs?: number };
    let connection: Connection | undefined;
    try {
      // no-cache still takes a copy that the server confirms, but never an old one unasked.
      const init: RequestInit = { cache: pastCaches ? "reload" : "no-cache", redirect: "follow" };
      connection = await connect(context.fetch, url, init, signal, rule.stallMs);
      const { response } = connection;
      if (response.ok) {
        const bytes = await readAll(connection);
        const actual = new URL("./", response.url || url.href);
        if (actual.origin !== url.origin) throw movedAway(url, actual);
        actual.search = folder.search;
        return { manifest: parseManifest(bytes), bytes, hash: await sha256(bytes), folder: actual };
      }
      if (!isTemporary(response.status)) throw notFound(url, response.status);
      failure = { cause: undefined, detail: ` (status ${response.status})`, waitMs: retryAfter(response) };
    } catch (error) {
      if (error instanceof MnerError) throw error;
      failure = { cause: error };
    } finally {
      connection?.close();
    }
    if (attempt >= rule.attempts) throw connectionError(url, failure.cause, failure.detail);
    await wait(delayBefore(attempt, rule, failure.waitMs), signal);
  }
}

async function readAll(connection: Connection): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let chunk = await connection.next(); chunk !== null; chunk = await connection.next()) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MANIFEST_LIMITS.manifestBytes) {
      throw invalid("the file", `is larger than ${MANIFEST_LIMITS.manifestBytes} bytes`);
    }
  }
  return joinBytes(chunks);
}

function notFound(url: URL, status: number): MnerError {
  return new MnerError(
    "model-not-found",
    `There is no model at ${url.origin}${url.pathname} (status ${status}). Check the model's address; ` +
      "it must be the folder with manifest.json in it.",
  );
}

function movedAway(asked: URL, actual: URL): MnerError {
  return new MnerError(
    "model-not-found",
    `The model's address ${asked.origin} leads to another site, ${actual.origin}. If you trust that one, give its address.`,
  );
}
