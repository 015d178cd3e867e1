// A static file server out of Node alone: right types, ranges, validators, compression, and the headers we recommend.
// For looking at the build on one's own machine; any static host does the same job.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";
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

/** The path of a request, as it stands in its first line, or null when there is none. */
function pathOf(address) {
  const path = address.replace(/^https?:\/\/[^/?#]+(?=\/)/i, "").split(/[?#]/, 1)[0];
  return /^\/(?!\/)/.test(path) && !/[\\\0]/.test(path) ? path : null;
}

/** The file a path means, or null for what lies outside the root or is hidden. `base`: the path the site stands under. */
function fileOf(root, base, path) {
  let plain;
  try {
    plain = decodeURIComponent(path);
  } catch {
    return null;
  }
  if (!plain.startsWith(base) || /[\\\0]|\/\./.test(plain)) return null;
  const file = normalize(join(root, plain.slice(base.length - 1)));
  return file === root || file.startsWith(root + sep) ? file : null;
}

async function find(root, base, path) {
  const named = fileOf(root, base, path);
  if (named === null) return null;
  try {
    const found = (await stat(named)).isDirectory() ? join(named, "index.html") : named;
    // A link in the folder must not lead out of it.
    const [top, file] = await Promise.all([realpath(root), realpath(found)]);
    const info = await stat(file);
    return file.startsWith(top + sep) && info.isFile() ? { file, info } : null;
  } catch {
    return null;
  }
}

/**
 * Whether a browser that was asked for this machine asks: a page elsewhere may give its own name this machine's address, and
 * would then be allowed to read everything. Numbers cannot be taken over, and other names have to be this machine's.
 */
function isOwnHost(host) {
  const name = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d+)?$/i.exec(host ?? "");
  if (!name) return false;
  if (name[1] !== undefined) return isIP(name[1]) === 6;
  const plain = name[2].toLowerCase();
  const own = hostname().toLowerCase();
  return (
    isIP(plain) === 4 ||
    plain === "localhost" ||
    plain.endsWith(".localhost") ||
    plain === own ||
    plain === `${own}.local`
  );
}

/** The best encoding that is accepted; a quality of 0 means that it is not. */
function encodingFor(accepted) {
  const qualities = new Map();
  for (const part of (accepted ?? "").split(",")) {
    const [name, ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    qualities.set(name, quality === undefined ? 1 : Number(quality));
  }
  return ["br", "gzip"].find((name) => (qualities.get(name) ?? qualities.get("*") ?? 0) > 0);
}

/** Whether what the browser has is still right; for this question weak tags are as good as strong ones. */
function isKnown(header, etag) {
  if (header === undefined) return false;
  const tags = header.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.includes(etag);
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
    if (!isOwnHost(request.headers.host)) return plain(421, "This server answers for this machine only.");
    const path = pathOf(request.url);
    if (path === null) return plain(400, "That is no address.");
    if (path !== base && `${path}/` === base) return plain(308, "Moved.", { Location: base });
    const found = await find(top, base, path);
    if (found === null) return plain(404, "There is no such file.");

    const { file, info } = found;
    const type = types.get(extname(file).toLowerCase()) ?? "application/octet-stream";
    const tag = createHash("sha1").update(`${file} ${info.mtimeMs} ${info.size}`).digest("base64url").slice(0, 20);
    const range = rangeOf(request.headers.range, info.size);
    const mayCompress =
      compress && range === null && compressible.test(type) && info.size > 1024 && info.size < MOST_COMPRESSED;
    const encoding = mayCompress ? encodingFor(request.headers["accept-encoding"]) : undefined;
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
    if (isKnown(request.headers["if-none-match"], etag)) {
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
