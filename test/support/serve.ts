// A tiny static server for browser tests: folders laid over each other, pages written by the test, headers as wanted.
import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
  ".bin": "application/octet-stream",
};

export type Headers = Readonly<Record<string, string>>;

export interface ServeOptions {
  /** Looked through in order; a folder may be mounted under a path: `{ "/model": "public/models/mini" }`. */
  readonly folders?: readonly string[] | Readonly<Record<string, string>>;
  /** Pages by path, such as `/index.html`; may be added to while serving. */
  readonly pages?: Map<string, string>;
  /** Sent with every answer, or worked out from the path. */
  readonly headers?: Headers | ((path: string) => Headers);
}

export interface Served {
  readonly origin: string;
  /** Paths asked for, in order. */
  readonly requests: string[];
  close(): Promise<void>;
}

function fileFor(path: string, folders: NonNullable<ServeOptions["folders"]>): string | null {
  const mounts: (readonly [string, string])[] = Array.isArray(folders)
    ? folders.map((folder: string) => ["", folder] as const)
    : Object.entries(folders);
  for (const [mount, folder] of mounts) {
    if (!path.startsWith(mount)) continue;
    const file = join(folder, normalize(path.slice(mount.length)));
    if (!file.startsWith(normalize(folder))) continue;
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
  }
  return null;
}

export async function serve(options: ServeOptions): Promise<Served> {
  const requests: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = decodeURIComponent(pathname);
    requests.push(path);
    const extra = typeof options.headers === "function" ? options.headers(path) : options.headers;
    const headers = { "cache-control": "no-store", "content-type": types[extname(path)] ?? types[".html"]!, ...extra };
    if (path === "/favicon.ico") {
      // Browsers ask for it unbidden; a 404 would look like a fault of the page.
      response.writeHead(204).end();
      return;
    }
    const page = options.pages?.get(path);
    if (page !== undefined) {
      response.writeHead(200, headers).end(page);
      return;
    }
    const file = fileFor(path, options.folders ?? []);
    if (file === null) {
      response.writeHead(404, { "content-type": "text/plain" }).end("Not found");
      return;
    }
    response.writeHead(200, { ...headers, "content-length": String(statSync(file).size) });
    createReadStream(file).pipe(response);
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
