// The one door from the element to the engine. The engine is only fetched when something has to be analysed.

import { MnerError } from "../core/mner-error.js";
import type { Analyzer, AnalyzerOptions } from "../engine/analyzer.js";

export interface EngineModule {
  createAnalyzer(options: AnalyzerOptions): Promise<Analyzer>;
}

export type EngineLoader = () => Promise<EngineModule>;

const shipped: EngineLoader = () => import("../engine/create-analyzer.js");
let loader: EngineLoader = shipped;

/** For tests, and for bundles that bring the engine another way. `null` restores the shipped one. */
export function setEngineLoader(replacement: EngineLoader | null): void {
  loader = replacement ?? shipped;
}

export async function loadEngine(): Promise<EngineModule> {
  try {
    return await loader();
  } catch (cause) {
    const offline = typeof navigator !== "undefined" && navigator.onLine === false;
    throw offline
      ? new MnerError("offline", "The engine is not stored on this device yet. Connect once.", { cause })
      : new MnerError(
          "internal",
          "The engine's script could not be loaded. Serve every file of the dist folder next to mner-qg.js.",
          { cause },
        );
  }
}
