// The options that every command with a model takes: which model, on how many threads, on which backend.
import { choiceOption, integerOption, type OptionValues, textOption } from "../terminal/options.js";
import { findModel } from "./default-model.js";
import type { AnalyzerChoice } from "./job.js";

export const ENGINE_OPTIONS = { model: "string", jobs: "string", backend: "string" } as const;

export const ENGINE_HELP = `  --model DIR            the model folder (default: the one that comes with the package)
  --jobs N               worker threads (default 1); each holds the model once
  --backend NAME         auto (default), wasm or cpu`;

export interface EngineOptions {
  readonly choice: AnalyzerChoice;
  readonly jobs: number;
}

/** Asked last: whoever misspelt an option should hear of that before a missing model. */
export function engineOptions(values: OptionValues): EngineOptions {
  const jobs = integerOption(values, "jobs", 1, 64, 1);
  const backend = choiceOption(values, "backend", ["auto", "wasm", "cpu"], "auto");
  return { jobs, choice: { model: findModel(textOption(values, "model")), backend } };
}
