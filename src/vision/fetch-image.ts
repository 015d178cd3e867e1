// Fetches a photo's file and tells apart why it could not be had: a server without CORS, a broken connection, no
// connection at all, or nothing at that address.

import { throwIfAborted } from "../core/abort.js";
import { joinBytes } from "../core/bytes.js";
import { MnerError } from "../core/mner-error.js";
import { IMAGE_LIMITS } from "./header.js";

export interface FetchImageOptions {
  /** As the attribute of <img>; photos are always asked for with CORS, since without it no pixel may be read. */
  readonly crossOrigin?: "anonymous" | "use-credentials" | null;
  readonly signal?: AbortSignal;
  /** Where a relative address starts; the page's own address when absent. */
  readonly base?: string;
  readonly fetch?: typeof fetch;
  /** A server that sends nothing for so long is given up. */
  readonly stallMs?: number;
}

const STALL_MS = 30_000;

/** The bytes of the file at an http(s), data: or blob: address. */
export async function fetchImage(address: string | URL, options: FetchImageOptions = {}): Promise<Uint8Array> {
  const url = resolveImageUrl(address, options.base);
  if (url.protocol === "data:") return readDataUrl(url);
  const { signal, crossOrigin } = options;
  throwIfAborted(signal);
  const fetcher = options.fetch ?? globalThis.fetch;
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(), options.stallMs ?? STALL_MS);
  };
  try {
    watch();
    const credentials = crossOrigin === "use-credentials" ? "include" : "same-origin";
    let response: Response;
    try {
      response = await fetcher(url.href, { mode: "cors", credentials, signal: controller.signal });
    } catch (error) {
      throwIfAborted(signal);
      throw await explain(url, fetcher, controller.signal, error);
    }
    if (!response.ok) {
      throw network(url, `the server answered with status ${response.status}. Check its address`, undefined);
    }
    if (Number(response.headers.get("content-length")) > IMAGE_LIMITS.bytes) throw tooLarge();
    return await readBody(response, watch);
  } catch (error) {
    if (error instanceof MnerError) throw error;
    throwIfAborted(signal);
    throw network(url, "the connection broke. Try again", error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    controller.abort();
  }
}

/** The absolute address of a photo; anything but http(s), data: and blob: is refused. */
export function resolveImageUrl(address: string | URL, base: string | undefined = pageAddress()): URL {
  let url: URL;
  try {
    url = new URL(address, base);
  } catch (error) {
    throw badAddress(address, error);
  }
  if (!["http:", "https:", "data:", "blob:"].includes(url.protocol)) throw badAddress(address, undefined);
  return url;
}

async function readBody(response: Response, watch: () => void): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array(await response.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    watch();
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
    if (length > IMAGE_LIMITS.bytes) throw tooLarge();
  }
  return joinBytes(chunks);
}

/**
 * Browsers do not say why a request failed. A request that asks for nothing back (no-cors) succeeds where only the
 * permission is missing, and fails where the connection is.
 */
async function explain(url: URL, fetcher: typeof fetch, signal: AbortSignal, cause: unknown): Promise<MnerError> {
  const { location, navigator } = globalThis as { location?: { origin: string }; navigator?: { onLine?: boolean } };
  if (signal.aborted) return network(url, "the server did not answer. Try again later", cause);
  if (navigator?.onLine === false) {
    return new MnerError("offline", "This device is offline, so the photo cannot be fetched. Connect and try again.", {
      cause,
    });
  }
  if (location && location.origin !== url.origin && url.protocol !== "blob:") {
    const reachable = await fetcher(url.href, { mode: "no-cors", credentials: "omit", signal }).then(
      () => true,
      () => false,
    );
    if (reachable) return crossOriginError(url.origin, cause);
  }
  return network(url, "the connection failed, or the page's Content-Security-Policy forbids it", cause);
}

/** A photo may be shown without its server's permission, but not looked into. */
export function crossOriginError(origin: string, cause?: unknown): MnerError {
  return new MnerError(
    "image-cross-origin",
    `The photo lies on ${origin}, which does not let other sites read it (CORS). Names are still found, but not in the ` +
      "photo. Serve the photo from your own site, or have that server send Access-Control-Allow-Origin.",
    { cause },
  );
}

/** Decoded here rather than by fetch, which a Content-Security-Policy may keep from data: addresses. */
function readDataUrl(url: URL): Uint8Array {
  const [head, ...rest] = url.href.slice("data:".length).split(",");
  const body = rest.join(",");
  if (rest.length === 0) throw badAddress(url, undefined);
  if (body.length > IMAGE_LIMITS.bytes * 1.4) throw tooLarge();
  try {
    const text = percentDecode(body);
    const binary = /;\s*base64\s*$/i.test(head!) ? atob(text.replace(/\s/g, "")) : text;
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch (error) {
    throw badAddress(url, error);
  }
}

/** Byte by byte: the bytes of a photo are no UTF-8, which decodeURIComponent would ask for. */
function percentDecode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function badAddress(address: string | URL, cause: unknown): MnerError {
  return new MnerError(
    "image-unreadable",
    `"${String(address).slice(0, 100)}" is not the address of a photo. Give an http, https, data or blob address.`,
    { cause },
  );
}

function network(url: URL, why: string, cause: unknown): MnerError {
  const place = url.protocol === "blob:" ? "the page" : `${url.origin}${url.pathname}`;
  return new MnerError("image-network", `The photo could not be fetched from ${place}: ${why}.`, { cause });
}

function tooLarge(): MnerError {
  return new MnerError(
    "image-too-large",
    `The photo's file is larger than ${IMAGE_LIMITS.bytes / 1024 / 1024} MB. Make it smaller first.`,
  );
}

function pageAddress(): string | undefined {
  const { document, location } = globalThis as { document?: { baseURI?: string }; location?: { href?: string } };
  return document?.baseURI ?? location?.href;
}
