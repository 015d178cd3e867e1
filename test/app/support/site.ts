// A host for the built page that can change what it serves, lose its network, and hear of broken policies.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { contentSecurityPolicy, recommendedHeaders } from "../../../scripts/serve/security-headers.mjs";
import { createStaticServer } from "../../../scripts/serve/static-server.mjs";

export type Fault =
  /** The connection is there and dies at once. */
  | "cut"
  /** Half of the file, then nothing. */
  | "half";

export interface Site {
  readonly address: string;
  /** Paths asked for, in order. */
  readonly requests: string[];
  /** What browsers reported as breaking the page's policy. */
  readonly violations: string[];
  /** The folder served from now on. */
  serve(folder: string, headers?: Readonly<Record<string, string>>): void;
  /** Asked for each path; what it answers happens to the request. */
  fault: (path: string) => Fault | null;
  /** Requests for which this says so wait until `release` is called. */
  hold(wanted: (path: string) => boolean): () => void;
  close(): Promise<void>;
}

/** The headers we recommend, with the policy reported as well as enforced. `strict`: not even WebAssembly. */
export function reportingHeaders({ strict = false, isolated = false } = {}): Record<string, string> {
  const { "Cross-Origin-Embedder-Policy": embedder, ...headers } = recommendedHeaders() as Record<string, string>;
  return {
    ...headers,
    ...(isolated ? { "Cross-Origin-Embedder-Policy": embedder! } : {}),
    "Content-Security-Policy": `${contentSecurityPolicy({ wasm: !strict })}; report-uri /violations`,
  };
}

/** `base`: the path the site stands under. */
export async function openSite(folder: string, headers = reportingHeaders(), base = "/"): Promise<Site> {
  const requests: string[] = [];
  const violations: string[] = [];
  let files: Server = createStaticServer({ root: folder, base, headers });
  let held: ((path: string) => boolean) | null = null;
  let waiting: (() => void)[] = [];

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (path === "/violations") {
      let body = "";
      request.on("data", (chunk) => (body += chunk)).on("end", () => violations.push(body));
      response.writeHead(204).end();
      return;
    }
    requests.push(path);
    const fault = site.fault(path);
    if (fault === "cut") return void request.socket.destroy();
    if (fault === "half") {
      // The length is that of the whole file: the browser must notice what is missing.
      response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": "4000" });
      response.write("half of it");
      setTimeout(() => request.socket.destroy(), 50);
      return;
    }
    const go = (): void => void files.emit("request", request, response);
    if (held?.(path)) waiting.push(go);
    else go();
  };

  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const site: Site = {
    // Browsers take localhost for a secure address, as the app needs.
    address: `http://localhost:${port}${base}`,
    requests,
    violations,
    serve: (next, nextHeaders = headers) => {
      files = createStaticServer({ root: next, base, headers: nextHeaders });
    },
    fault: () => null,
    hold: (wanted) => {
      held = wanted;
      return () => {
        held = null;
        const now = waiting;
        waiting = [];
        for (const go of now) go();
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return site;
}
