// What a model's server can do wrong, for the server of src/model/faulty-server.ts. Readable across origins, as a CDN's
// answers are: else a browser would only see that something failed.
import { gzipSync } from "node:zlib";
import { type Fault, tagOf } from "../../support/faulty-server.js";

/** The same with permission for every origin. */
export function readable(fault: Fault): Fault {
  return (request, response, body) => {
    response.setHeader("access-control-allow-origin", "*");
    return fault(request, response, body);
  };
}

/** Not for the browser to keep: it would resume by itself. */
const whole = (body: Buffer): Record<string, string | number> => ({
  "cache-control": "no-store",
  "content-length": body.length,
  etag: tagOf(body),
});

export const webPage: Fault = (_, response) => {
  response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Sign in</title><p>Welcome");
  return true;
};

export const reset: Fault = (request) => {
  request.socket.resetAndDestroy();
  return true;
};

/** Long enough for what was sent to have been read: a reset connection takes along what was not. */
const READ_MS = 500;

/** Half of what was promised, then the connection breaks. */
export const half: Fault = (_, response, body) => {
  response.writeHead(200, whole(body));
  response.write(body.subarray(0, body.length >> 1), () => setTimeout(() => response.destroy(), READ_MS));
  return true;
};

/** Half of the file, properly ended: only the manifest knows that there is more. */
export const shortened: Fault = (_, response, body) => {
  const part = body.subarray(0, body.length >> 1);
  response.writeHead(200, { "content-length": part.length }).end(part);
  return true;
};

/** More promised than there is. */
export const overstated: Fault = (_, response, body) => {
  response.writeHead(200, { "content-length": body.length + 100 });
  response.write(body, () => setTimeout(() => response.destroy(), 10));
  return true;
};

export const dripped: Fault = (_, response, body) => {
  response.writeHead(200, whole(body));
  let at = 0;
  const drip = setInterval(() => {
    response.write(body.subarray(at, at + 400));
    at += 400;
    if (at < body.length) return;
    clearInterval(drip);
    response.end();
  }, 5);
  return true;
};

export const zippedTwice: Fault = (_, response, body) => {
  response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(gzipSync(body)));
  return true;
};

/** Says that it is compressed, and is not. */
export const notZipped: Fault = (_, response, body) => {
  response.writeHead(200, { "content-encoding": "gzip", "content-length": body.length }).end(body);
  return true;
};

export const tampered: Fault = (_, response, body) => {
  const other = Buffer.from(body);
  other[other.length >> 1]! ^= 8;
  response.writeHead(200, { "content-length": other.length }).end(other);
  return true;
};

/** Another part than was asked for. */
export const wrongRange: Fault = (_, response, body) => {
  const range = `bytes 64-${body.length - 1}/${body.length}`;
  response.writeHead(206, { "content-range": range }).end(body.subarray(64));
  return true;
};

export const movedTo =
  (address: string): Fault =>
  (_, response) => {
    response.writeHead(302, { location: address }).end();
    return true;
  };
