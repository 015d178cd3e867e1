// What the tests of loading share: a server per test, quick retries, faults to choose from.
import { afterEach, beforeEach, expect } from "vitest";
import { type LoadedModel, type LoadOptions, loadModel } from "../../src/model/load.js";
import { exampleFolder, type Fault, type FaultyServer, startServer, tagOf } from "./faulty-server.js";
import { forgetStoredModels } from "./stored-models.js";

/** Retries without the waits that a real network needs. */
export const QUICK = { attempts: 4, firstDelayMs: 2, longestDelayMs: 10, stallMs: 3000 };
/** For servers that fall silent. */
export const IMPATIENT = { ...QUICK, stallMs: 150 };

export interface Harness {
  /** The current test's server. */
  readonly server: FaultyServer;
  /** Loads from it, without storage unless told otherwise. */
  load(options?: LoadOptions): Promise<LoadedModel>;
}

/** A fresh server before each test of the file that calls this. */
export function useServer(): Harness {
  let server: FaultyServer;
  let pristine: Map<string, Uint8Array> | undefined;
  beforeEach(async () => {
    await forgetStoredModels(null);
    pristine ??= await exampleFolder();
    server = await startServer(new Map(pristine));
  });
  afterEach(() => server.stop());
  return {
    get server() {
      return server;
    },
    load: (options = {}) => loadModel(server.url, { caches: null, retry: QUICK, ...options }),
  };
}

/** Every weight and file is as it was written. */
export function expectWhole(model: LoadedModel, seed = 1): void {
  const { values } = model.weights.read("a.weight");
  expect(values.every((value, i) => value === Math.fround(Math.sin(i * 7.13 * seed)))).toBe(true);
  expect(new TextDecoder().decode(model.tokenizerFiles.get("vocab.txt"))).toContain("[CLS]");
}

/** A fault for the first so many requests. */
export function times(count: number, fault: Fault): Fault {
  let left = count;
  return (...given) => left-- > 0 && fault(...given);
}

export function status(code: number, headers: Record<string, string> = {}): Fault {
  return (_, response) => {
    response.writeHead(code, headers).end("no");
    return true;
  };
}

/** Answers as asked, ranges included, but cuts the connection after so many bytes. */
export function cutOff(part: number): Fault {
  return (request, response, body) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const rest = body.subarray(start);
    const headers = { etag: tagOf(body), "content-length": rest.length };
    const range = { "content-range": `bytes ${start}-${body.length - 1}/${body.length}` };
    response.writeHead(start ? 206 : 200, start ? { ...headers, ...range } : headers);
    response.write(rest.subarray(0, part), () => setTimeout(() => response.destroy(), 5));
    return true;
  };
}

/** Ignores ranges and breaks at the same place each time. */
export const cutOffWhole: Fault = (_, response, body) => {
  response.writeHead(200, { "content-length": body.length });
  response.write(body.subarray(0, 3000), () => setTimeout(() => response.destroy(), 5));
  return true;
};
