// A static file server out of Node alone: right types, ranges, validators, compression, and the headers we recommend.
// For looking at the build on one's own machine; any static host does the same job.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { recommendedHeaders } from "./security-headers.mjs";

const types = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".mjs", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".json", "application/json; charset=utf-8"],
  [".map", "application/json; charset=utf-8"],
  [".webmanifest", "application/manifest+json; charset=utf-8"],
  [".txt", "text/plain; charset=utf-8"],
  [".md", "text/markdown; charset=utf-8"],
  [".svg", "image/svg+xml; charset=utf-8"],
  [".png", "image/png"],
  [".jpg", "image/jpeg"],
  [".jpeg", "image/jpeg"],
  [".webp", "image/webp"],
  [".ico", "image/x-icon"],
  [".wasm", "application/wasm"],
  [".bin", "application/octet-stream"],
]);
const compressible = /^(?:text\/|application\/(?:json|manifest|wasm)|image\/svg)/;
/** Names with a content hash in them never change their content. */
const hashed = /(?:^|\/)(?:assets\/[^/]+-[\w-]{8}\.\w+|models\/[^/]+-[0-9a-f]{12}\/.+)$/;
const MOST_COMPRESSED = 8 * 1024 * 1024;

/** The file a request means, or null for what lies outside the root. `base` is the path the site stands under. */
function fileOf(root, base, address) {
  let path;
  try {
    path = decodeURIComponent(new URL(address, "http://localhost").pathname);
  } catch {
    return null;
  }
  if (!path.startsWith(base) || path.includes("\0")) return null;
  const file = normalize(join(root, path.slice(base.length - 1)));
  return file === root || file.startsWith(root + sep) ? file : null;
}

async function find(root, base, address) {
  const file = fileOf(root, base, address);
  if (file === null) return null;
  try {
    const info = await stat(file);
    if (!info.isDirectory()) return { file, info };
    const index = join(file, "index.html");
    return { file: index, info: await stat(index) };
  } catch {
    return null;
  }
}

/** One range is honoured; several are answered with the whole file, which is allowed. */
function rangeOf(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return null;
  const start = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === "" || match[2] === "" ? size - 1 : Math.min(size - 1, Number(match[2]));
  return { start, end, possible: start <= end && start < size };
}

const compressors = {
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: promisify(gzip),
};

/** Compressed once per version of a file. */
async function compressed(cache, encoding, found) {
  const key = `${encoding} ${found.file} ${found.info.mtimeMs} ${found.info.size}`;
  if (!cache.has(key)) cache.set(key, readFile(found.file).then(compressors[encoding]));
  return cache.get(key);
}

/**
 * @param {{ root: string, base?: string, headers?: Record<string, string>, compress?: boolean }} options
 *   `root`: folder to serve; `base`: path the site stands under, ending in a slash; `headers`: instead of the recommended.
 */
export function createStaticServer({ root, base = "/", headers = recommendedHeaders(), compress = true }) {
  const top = normalize(root).replace(/[\\/]+$/, "");
  const cache = new Map();
  return createServer(async (request, response) => {
    try {
      await answer(request, response);
    } catch (error) {
      if (!response.headersSent) response.writeHead(500, { "Content-Type": "text/plain" });
      response.end();
      if (error?.code !== "ERR_STREAM_PREMATURE_CLOSE") console.error(error);
    }
  });

  async function answer(request, response) {
    const plain = (status, text, more = {}) => {
      response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", ...headers, ...more });
      response.end(request.method === "HEAD" ? undefined : `${text}\n`);
    };
    if (request.method !== "GET" && request.method !== "HEAD")
      return plain(405, "Only GET and HEAD.", { Allow: "GET, HEAD" });
    const path = new URL(request.url, "http://localhost").pathname;
    if (path !== base && `${path}/` === base) return plain(308, "Moved.", { Location: base });
    const found = await find(top, base, request.url);
    if (found === null) return plain(404, "There is no such file.");

    const { file, info } = found;
    const type = types.get(extname(file).toLowerCase()) ?? "application/octet-stream";
    const tag = createHash("sha1").update(`${file} ${info.mtimeMs} ${info.size}`).digest("base64url").slice(0, 20);
    const accepted = request.headers["accept-encoding"] ?? "";
    const range = rangeOf(request.headers.range, info.size);
    const mayCompress =
      compress && range === null && compressible.test(type) && info.size > 1024 && info.size < MOST_COMPRESSED;
    const encoding = mayCompress ? ["br", "gzip"].find((name) => accepted.includes(name)) : undefined;
    const etag = `"${tag}${encoding ? `-${encoding}` : ""}"`;
    const common = {
      ...headers,
      "Content-Type": type,
      "Cache-Control": hashed.test(path) ? "public, max-age=31536000, immutable" : "no-cache",
      "Accept-Ranges": "bytes",
      "Last-Modified": info.mtime.toUTCString(),
      ETag: etag,
      ...(compress && compressible.test(type) ? { Vary: "Accept-Encoding" } : {}),
    };
    if (request.headers["if-none-match"]?.split(/,\s*/).includes(etag)) {
      response.writeHead(304, common);
      return response.end();
    }
    if (encoding) {
      const body = await compressed(cache, encoding, found);
      response.writeHead(200, { ...common, "Content-Encoding": encoding, "Content-Length": body.length });
      return response.end(request.method === "HEAD" ? undefined : body);
    }
    const wanted = range !== null && (request.headers["if-range"] ?? etag) === etag ? range : null;
    if (wanted !== null && !wanted.possible)
      return plain(416, "No such range.", { "Content-Range": `bytes */${info.size}` });
    const { start, end } = wanted ?? { start: 0, end: info.size - 1 };
    response.writeHead(wanted ? 206 : 200, {
      ...common,
      "Content-Length": end - start + 1,
      ...(wanted ? { "Content-Range": `bytes ${start}-${end}/${info.size}` } : {}),
    });
    if (request.method === "HEAD" || info.size === 0) return response.end();
    const stream = createReadStream(file, { start, end });
    response.on("close", () => stream.destroy());
    stream.on("error", () => response.destroy());
    stream.pipe(response);
  }
}

/** Listens on the wished port or, when others hold it, on the next free one; resolves with the address. */
export async function listen(server, { port = 4173, host = "127.0.0.1", tries = 50 } = {}) {
  for (let candidate = port; ; candidate++) {
    try {
      await new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(candidate, host, () => {
          server.off("error", reject);
          resolve();
        });
      });
      const name = host === "127.0.0.1" || host === "0.0.0.0" ? "localhost" : host;
      return `http://${name}:${server.address().port}/`;
    } catch (error) {
      if (error?.code !== "EADDRINUSE" || candidate >= port + tries) throw error;
    }
  }
}
