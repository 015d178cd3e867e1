// What test pages load: the element, stored results, and an engine whose every step is in the test's hand.

import { MnerError, type MnerErrorCode } from "../../src/core/mner-error.js";
import type { AnalysisResult } from "../../src/core/results.js";
import { setEngineLoader } from "../../src/element/engine-loader.js";
import { defineMnerQg } from "../../src/element/mner-qg.js";
import { de } from "../../src/element/strings/de.js";
import { zh } from "../../src/element/strings/zh.js";
import type { AnalyzeRequest, Analyzer, AnalyzerOptions, Progress } from "../../src/engine/analyzer.js";
import * as examples from "./stored-results.js";
import { stored } from "./stored-results.js";

interface Asked {
  readonly request: AnalyzeRequest;
  answer(result: AnalysisResult): void;
  fail(code: MnerErrorCode, message: string): void;
}

/** Reached from tests as `window.hand`. */
export class HandEngine {
  readonly created: AnalyzerOptions[] = [];
  readonly asked: Asked[] = [];
  loads = 0;
  disposed = 0;
  /** When set, loading waits for `open()`. */
  closed = false;
  /** Fails the next load with this code. */
  failing: MnerErrorCode | null = null;
  #waiting: (() => void)[] = [];

  open(): void {
    this.closed = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  progress(values: Partial<Progress>): void {
    for (const options of this.created) {
      options.onProgress?.({ fraction: 0, stage: "download", loadedBytes: 0, totalBytes: 0, ...values });
    }
  }

  async createAnalyzer(options: AnalyzerOptions): Promise<Analyzer> {
    this.created.push(options);
    if (this.closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const failing = this.failing;
    this.failing = null;
    if (failing) throw new MnerError(failing, `This is the message of ${failing}: try another.`);
    return {
      backend: "wasm",
      model: {
        name: "hand",
        version: "1",
        queries: [],
        threshold: 0.5,
        system: "mner-qg",
        capabilities: { ownQueries: true, boxes: "query", photo: true },
      },
      analyze: (request) =>
        new Promise((resolve, reject) => {
          this.asked.push({
            request,
            answer: resolve,
            fail: (code, message) => reject(new MnerError(code, message)),
          });
        }),
      dispose: () => {
        this.disposed++;
      },
    };
  }
}

declare global {
  interface Window {
    hand: HandEngine;
    examples: typeof examples;
    stored: typeof stored;
    translations: { de: typeof de; zh: typeof zh };
    /** Names and details of the events heard on the document. */
    heard: [string, unknown][];
  }
}

const hand = new HandEngine();
setEngineLoader(async () => {
  hand.loads++;
  return { createAnalyzer: (options) => hand.createAnalyzer(options) };
});
window.heard = [];
for (const name of ["mner-progress", "mner-ready", "mner-result", "mner-error", "mner-select"] as const) {
  document.addEventListener(name, (event) => window.heard.push([name, (event as CustomEvent).detail]));
}
defineMnerQg();
Object.assign(window, { hand, examples, stored, translations: { de, zh } });
