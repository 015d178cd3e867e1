import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MnerError } from "../core/mner-error.js";
import type { AnalysisResult } from "../core/results.js";
import type { AnalyzeRequest, Analyzer, AnalyzerOptions } from "../engine/analyzer.js";
import { Analysis, type Phase } from "./analysis.js";
import { setEngineLoader } from "./engine-loader.js";

/** An engine whose every step is in the test's hand. */
class HandEngine {
  created: AnalyzerOptions[] = [];
  asked: { request: AnalyzeRequest; resolve(result: AnalysisResult): void; reject(error: unknown): void }[] = [];
  disposed = 0;
  failNext: unknown = null;

  readonly load = async () => ({
    createAnalyzer: async (options: AnalyzerOptions): Promise<Analyzer> => {
      this.created.push(options);
      if (this.failNext) {
        const error = this.failNext;
        this.failNext = null;
        throw error;
      }
      return {
        backend: "cpu",
        model: {
          name: "hand",
          version: "1",
          system: "mner-qg",
          capabilities: { ownQueries: true, boxes: "query", photo: true },
          queries: [],
          threshold: 0.5,
        },
        analyze: (request) => new Promise((resolve, reject) => this.asked.push({ request, resolve, reject })),
        dispose: () => {
          this.disposed++;
        },
      };
    },
  });
}

const answer = { text: "x" } as AnalysisResult;
const choice = { model: undefined, backend: "auto" } as const;
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

let engine: HandEngine;
let phases: Phase[];
let results: AnalysisResult[];
let found: AnalysisResult[];
let refused: string[];
let analysis: Analysis;

beforeEach(() => {
  engine = new HandEngine();
  setEngineLoader(engine.load);
  phases = [];
  results = [];
  found = [];
  refused = [];
  analysis = new Analysis({
    phaseChanged: (phase) => phases.push(phase),
    progressed: () => {},
    found: (result) => found.push(result),
    ready: () => {},
    finished: (result) => results.push(result),
    photoRefused: ({ code }) => refused.push(code),
  });
});
afterEach(() => setEngineLoader(null));

const kinds = (): string => phases.map(({ kind }) => kind).join(" ");

describe("Analysis", () => {
  it("goes from loading to analysing to done", async () => {
    const run = analysis.run(choice, { text: "x" });
    await settle();
    engine.asked[0]!.resolve(answer);
    expect(await run).toBe(answer);
    expect(kinds()).toBe("loading analysing done");
    expect(results).toEqual([answer]);
  });

  it("lets the newest request win, also when the older one answers late", async () => {
    const first = analysis.run(choice, { text: "1" });
    const lost = expect(first).rejects.toMatchObject({ code: "aborted" });
    await settle();
    const second = analysis.run(choice, { text: "2" });
    await settle();
    engine.asked[0]!.resolve({ ...answer, text: "1" });
    engine.asked[1]!.resolve({ ...answer, text: "2" });
    await lost;
    expect((await second).text).toBe("2");
    expect(results.map(({ text }) => text)).toEqual(["2"]);
    expect(engine.created).toHaveLength(1);
    expect(engine.asked[0]!.request.signal?.aborted).toBe(true);
    expect(phases.at(-1)?.kind).toBe("done");
  });

  it("tells what is found of a long text so far, and nothing of a run that another has replaced", async () => {
    const first = analysis.run(choice, { text: "x" });
    await settle();
    const { request, resolve } = engine.asked[0]!;
    request.onPartial!(answer, 0.25);
    expect([found, phases.at(-1)]).toEqual([[answer], { kind: "analysing", fraction: 0.25 }]);
    expect(results).toEqual([]);
    const second = analysis.run(choice, { text: "y" });
    await expect(first).rejects.toMatchObject({ code: "aborted" });
    request.onPartial!(answer, 0.5);
    expect(found).toHaveLength(1);
    resolve(answer);
    await settle();
    engine.asked[1]!.resolve(answer);
    expect(await second).toBe(answer);
    expect(phases.at(-1)).toEqual({ kind: "done" });
  });

  it("ends as aborted at once when the caller's signal fires, and stays usable", async () => {
    const controller = new AbortController();
    const run = analysis.run(choice, { text: "x" }, controller.signal);
    await settle();
    controller.abort();
    await expect(run).rejects.toMatchObject({ code: "aborted" });
    expect(phases.at(-1)?.kind).toBe("idle");
    const next = analysis.run(choice, { text: "x" });
    await settle();
    engine.asked[1]!.resolve(answer);
    expect(await next).toBe(answer);
  });

  it("does not start for a signal that has fired already", async () => {
    await expect(analysis.run(choice, { text: "x" }, AbortSignal.abort())).rejects.toMatchObject({ code: "aborted" });
    expect(engine.asked).toHaveLength(0);
  });

  it("tells a failure, and tries to load again at the next run", async () => {
    engine.failNext = new MnerError("model-not-found", "no model");
    await expect(analysis.run(choice, { text: "x" })).rejects.toMatchObject({ code: "model-not-found" });
    expect(phases.at(-1)).toMatchObject({ kind: "error", error: { code: "model-not-found" } });
    const again = analysis.run(choice, { text: "x" });
    await settle();
    engine.asked[0]!.resolve(answer);
    await again;
    expect(engine.created).toHaveLength(2);
  });

  it("goes on without a photo that cannot be used, and says why", async () => {
    const run = analysis.run(choice, { text: "x", image: "https://example.org/locked.jpg" });
    await settle();
    // The engine's rule: the names are found all the same.
    const notices = [{ code: "image-cross-origin", message: "Serve it with CORS." }];
    engine.asked[0]!.resolve({ ...answer, image: null, notices });
    expect((await run).notices).toEqual(notices);
    expect(refused).toEqual(["image-cross-origin"]);
    expect(phases.at(-1)?.kind).toBe("done");
  });

  it("does not blame the photo for what is not its fault", async () => {
    const run = analysis.run(choice, { text: "x", image: "https://example.org/photo.jpg" });
    const lost = expect(run).rejects.toMatchObject({ code: "device-lost" });
    await settle();
    engine.asked[0]!.reject(new MnerError("device-lost", "gone"));
    await lost;
    expect(engine.asked).toHaveLength(1);
  });

  it("wraps what is not ours", async () => {
    engine.failNext = new TypeError("x is not a function");
    await expect(analysis.run(choice, { text: "x" })).rejects.toMatchObject({ name: "MnerError", code: "internal" });
  });

  it("says what to do when the engine's script does not come", async () => {
    setEngineLoader(() => Promise.reject(new TypeError("Failed to fetch dynamically imported module")));
    await expect(analysis.run(choice, { text: "x" })).rejects.toMatchObject({
      code: "internal",
      message: expect.stringContaining("dist folder"),
    });
  });

  it("lets go of the old engine when another model is chosen", async () => {
    analysis.run(choice, { text: "x" }).catch(() => {});
    await settle();
    analysis.run({ model: "https://example.org/other/", backend: "auto" }, { text: "x" }).catch(() => {});
    await settle();
    expect(engine.created.map(({ model }) => model)).toEqual([undefined, "https://example.org/other/"]);
    expect(engine.disposed).toBe(1);
  });

  it("aborts and frees when its tag goes, and the load with it", async () => {
    const run = analysis.run(choice, { text: "x" });
    await settle();
    analysis.release();
    await expect(run).rejects.toMatchObject({ code: "aborted" });
    await settle();
    expect(engine.disposed).toBe(1);
    expect(engine.created[0]!.signal?.aborted).toBe(true);
    expect(phases.at(-1)?.kind).toBe("idle");
  });
});
