// The systems by the name that a model's manifest gives. Each is a chunk of its own: a page fetches only the one it asks for.
import type { JsonRecord } from "../core/json.js";
import { MnerError } from "../core/mner-error.js";
import type { System, SystemConfig } from "./system.js";

const registry: Readonly<Record<string, () => Promise<System>>> = {
  "basic-model": async () => (await import("./basic-model/system.js")).basicModel,
  "bert-crf": async () => (await import("./bert-crf/system.js")).bertCrf,
  "mm-ner-model": async () => (await import("./mm-ner-model/system.js")).mmNerModel,
  "mner-qg": async () => (await import("./mner-qg/system.js")).mnerQg,
  mqspn: async () => (await import("./mqspn/system.js")).mqspn,
  "prompt-mner": async () => (await import("./prompt-mner/system.js")).promptMner,
  umgf: async () => (await import("./umgf/system.js")).umgf,
  umt: async () => (await import("./umt/system.js")).umt,
};

/** The system of this name. Fails with `model-version-unsupported` when this version knows none. */
export function loadSystem(name: string): Promise<System> {
  if (Object.hasOwn(registry, name)) return registry[name]!();
  const message = `The model is for the system "${name}", which this mner-qg does not know. Use a newer mner-qg, or a model for one of: ${systemNames.join(", ")}.`;
  return Promise.reject(new MnerError("model-version-unsupported", message));
}

export const systemNames: readonly string[] = Object.keys(registry);

/** A manifest's system with its config, checked. */
export async function openSystem(manifest: {
  readonly system: string;
  readonly config: JsonRecord;
  readonly calibration: JsonRecord;
}): Promise<{ readonly system: System; readonly config: SystemConfig }> {
  const system = await loadSystem(manifest.system);
  return { system, config: system.readConfig(manifest.config, manifest.calibration) };
}
