// Fills the gallery page: every state of the tag that has a look of its own, from stored results and stand-in engines.

import { MnerError } from "../../src/core/mner-error.js";
import { setEngineLoader } from "../../src/element/engine-loader.js";
import { defineMnerQg } from "../../src/element/mner-qg.js";
import { de } from "../../src/element/strings/de.js";
import { zh } from "../../src/element/strings/zh.js";
import type { AnalyzerOptions } from "../../src/engine/analyzer.js";
import * as examples from "./stored-results.js";

/** Models are named after what happens to them. */
setEngineLoader(async () => ({
  async createAnalyzer({ model, onProgress }: AnalyzerOptions) {
    if (String(model).includes("missing")) {
      throw new MnerError(
        "model-not-found",
        "There is no model at /models/missing/. Check the address of the model folder, and that the server lets it be read.",
      );
    }
    onProgress?.({ fraction: 0.42, stage: "download", loadedBytes: 11_200_000, totalBytes: 26_700_000 });
    return new Promise(() => {});
  },
}));

defineMnerQg();

const stored: Readonly<Record<string, unknown>> = { ...examples };

for (const tag of document.querySelectorAll("mner-qg")) {
  const name = tag.dataset.example;
  if (name && name in stored) tag.results = stored[name] as typeof tag.results;
  if (tag.dataset.strings) tag.strings = { de, zh }[tag.dataset.strings] ?? null;
}
