// Every request may meet any fault, and the release may change at any moment, over one storage: whatever is loaded must be
// one release, whole, every number of it.
import { afterAll, beforeAll, describe, expect } from "vitest";
import { isMnerError } from "../../../src/core/mner-error.js";
import { loadModel } from "../../../src/model/index.js";
import { seededRandom } from "../../cli/support/random.js";
import { exampleFolder, type Fault, type FaultyServer, startServer } from "../../support/faulty-server.js";
import { cutOff, expectWhole, status } from "../../support/load-test-tools.js";
import { MemoryCaches } from "../../support/memory-caches.js";
import { deadline, effort } from "../support/effort.js";
import { attempts, counted } from "../support/ledger.js";
import * as faults from "../support/network-faults.js";

const attempt = attempts("2 network");
const CODES = /^model-(?:network|not-found|not-a-model|manifest-invalid|shard-missing|shard-truncated|shard-corrupt)$/;
/** Releases by version: their weights differ in every number. */
const seeds: Readonly<Record<string, number>> = { "1.0.0": 1, "1.1.0": 2, "2.0.0": 3 };
const SHORT_LOADS = 150;
const releases: Map<string, Uint8Array>[] = [];
let server: FaultyServer;

beforeAll(async () => {
  for (const [version, seed] of Object.entries(seeds)) releases.push(await exampleFolder(seed, version));
  server = await startServer(new Map(releases[0]));
});

afterAll(() => server?.stop());

describe("a storm", () => {
  attempt("any fault at any request, releases changing at any moment", async () => {
    const random = seededRandom(effort.seed);
    const weather: readonly Fault[] = [
      ...[status(404), status(500), status(503), faults.webPage, faults.reset, faults.half, faults.shortened],
      ...[faults.overstated, faults.zippedTwice, faults.notZipped, faults.tampered, faults.wrongRange],
      ...[cutOff(500), cutOff(3000)],
    ];
    const publish = (): void => {
      for (const [name, bytes] of random.pick(releases)) server.files.set(name, bytes);
    };
    const strike: Fault = (request, response, body) => {
      if (random.integer(25) === 0) publish();
      if (random.integer(4) > 0) return false;
      return random.pick(weather)(request, response, body);
    };
    for (const name of server.files.keys()) server.faults.set(name, strike);
    const outcomes = new Map<string, number>();
    const until = deadline(0.12);
    const retry = { attempts: 3, firstDelayMs: 0, longestDelayMs: 1, stallMs: 2000 };
    let caches = new MemoryCaches();
    let loads = 0;
    for (; loads < SHORT_LOADS || performance.now() < until; loads++) {
      // Now and then another device, with nothing stored.
      if (random.integer(5) === 0) caches = new MemoryCaches();
      publish();
      const given = { caches: caches.asCacheStorage(), retry, concurrency: 1 + random.integer(4) };
      const outcome = await loadModel(server.url, given).then(
        (model) => {
          expectWhole(model, seeds[model.manifest.version]!);
          return `whole from ${model.source}`;
        },
        (error: unknown) => {
          if (!isMnerError(error) || !CODES.test(error.code)) throw error;
          return error.code;
        },
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(["whole from network", "model-shard-corrupt"]));
    return { tries: loads, outcome: "whole, or refused; never mixed", code: counted(outcomes) };
  });
});
