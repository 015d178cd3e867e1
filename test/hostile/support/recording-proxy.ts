// A proxy that every connection of a browser would have to take, but those to this machine: it writes down who was asked for,
// and refuses. What pages, workers and service workers send is seen alike.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface RecordingProxy {
  /** Hosts asked for, in order. */
  readonly asked: string[];
  readonly flags: readonly string[];
  close(): Promise<void>;
}

export async function startProxy(): Promise<RecordingProxy> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? "", "http://unknown").host);
    response.writeHead(502).end();
  });
  server.on("connect", (request, socket) => {
    asked.push(request.url ?? "unknown");
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    flags: [`--proxy-server=http://127.0.0.1:${port}`],
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
