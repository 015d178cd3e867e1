// A real HTTP server on localhost that serves a model folder and misbehaves on request. For tests only.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type NamedTensor, writeModel } from "../../src/model/write.js";
import { exampleDescription } from "./example-manifest.js";

/** Answers a request itself and returns true, or returns false to let the file be served as it should be. */
export type Fault = (request: IncomingMessage, response: ServerResponse, body: Buffer) => boolean;

export interface FaultyServer {
  /** The model folder's address. */
  readonly url: string;
  readonly files: Map<string, Uint8Array>;
  /** Faults by file name; each is asked at every request for that file. */
  readonly faults: Map<string, Fault>;
  /** "file" or "file range-header", in order of arrival. */
  readonly requests: string[];
  acceptRanges: boolean;
  stop(): Promise<void>;
}

/** The files of a small model in five shards; `seed` makes releases that differ. */
export async function exampleFolder(seed = 1, version = "1.0.0"): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const values = Float32Array.from({ length: 9000 }, (_, i) => Math.fround(Math.sin(i * 7.13 * seed)));
  const tensors: NamedTensor[] = [
    { name: "a.weight", shape: [90, 100], values },
    { name: "a.bias", shape: [90], values: values.slice(0, 90) },
  ];
  await writeModel({
    description: exampleDescription({ version }),
    tensors,
    tokenizerFiles: [{ path: "vocab.txt", bytes: new TextEncoder().encode("[PAD]\n[UNK]\n[CLS]\n") }],
    bits: 32,
    shardBytes: 8192,
    writeFile: (path, bytes) => void files.set(path, bytes),
  });
  return files;
}

export async function startServer(files: Map<string, Uint8Array>): Promise<FaultyServer> {
  const faults = new Map<string, Fault>();
  const requests: string[] = [];
  const state = { acceptRanges: true };
  const server = createServer((request, response) => {
    // The folder lies at /models/tiny/; other paths exist for redirects.
    const name = new URL(request.url ?? "/", "http://localhost").pathname.split("/").pop() ?? "";
    const { range } = request.headers;
    requests.push(range ? `${name} ${range}` : name);
    const body = Buffer.from(files.get(name) ?? new Uint8Array());
    if (faults.get(name)?.(request, response, body)) return;
    if (!files.has(name)) {
      response.writeHead(404, { "content-type": "text/html" }).end("<!doctype html><title>Not found</title>");
      return;
    }
    serve(response, body, state.acceptRanges ? range : undefined, request.headers["if-range"]);
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/models/tiny/`,
    files,
    faults,
    requests,
    get acceptRanges() {
      return state.acceptRanges;
    },
    set acceptRanges(accept) {
      state.acceptRanges = accept;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function tagOf(body: Buffer): string {
  return `"${createHash("sha256").update(body).digest("hex").slice(0, 16)}"`;
}

function serve(response: ServerResponse, body: Buffer, range: string | undefined, ifRange: unknown): void {
  const asked = /^bytes=(\d+)-(\d*)$/.exec(range ?? "");
  // Readable by other sites, so that tests in a browser can load across origins.
  const headers = {
    "content-type": "application/octet-stream",
    etag: tagOf(body),
    "access-control-allow-origin": "*",
  };
  if (!asked || (ifRange !== undefined && ifRange !== headers.etag)) {
    response.writeHead(200, { ...headers, "content-length": body.length }).end(body);
    return;
  }
  const start = Number(asked[1]);
  if (start >= body.length) {
    response.writeHead(416, { ...headers, "content-range": `bytes */${body.length}` }).end();
    return;
  }
  const part = body.subarray(start, asked[2] ? Number(asked[2]) + 1 : body.length);
  const contentRange = `bytes ${start}-${start + part.length - 1}/${body.length}`;
  response.writeHead(206, { ...headers, "content-range": contentRange, "content-length": part.length }).end(part);
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}
