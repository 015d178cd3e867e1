// The systems that this site has: the page's own model, and each further one whose folder lies beside it.
import { loadEngine } from "../../element/engine-loader.js";
import type { Analyzer } from "../../engine/analyzer.js";
import { modelAddress } from "../model-address.js";
import type { BackendChoice } from "../state/state.js";

export interface KnownSystem {
  readonly name: string;
  readonly title: string;
}

export const knownSystems: readonly KnownSystem[] = [
  { name: "mner-qg", title: "MNER-QG" },
  { name: "bert-crf", title: "BERT+CRF" },
  { name: "basic-model", title: "BasicModel" },
  { name: "mm-ner-model", title: "MMNerModel" },
  { name: "umt", title: "UMT" },
  { name: "umgf", title: "UMGF" },
  { name: "prompt-mner", title: "PromptMNER" },
  { name: "mqspn", title: "MQSPN" },
];

export const titleOf = (name: string): string => knownSystems.find((system) => system.name === name)?.title ?? name;

function folderOf(name: string): string {
  return name === "mner-qg" ? modelAddress() : new URL(`models/systems/${name}/`, document.baseURI).href;
}

/** Asks the page's own server, once a visit. */
export async function availableSystems(): Promise<readonly KnownSystem[]> {
  const there = await Promise.all(
    knownSystems.map(async ({ name }) => {
      if (name === "mner-qg") return true;
      try {
        const response = await fetch(`${folderOf(name)}manifest.json`);
        // Some hosts answer every address with their front page.
        return response.ok && typeof (await response.json()).formatVersion === "number";
      } catch {
        return false;
      }
    }),
  );
  return knownSystems.filter((_, index) => there[index]);
}

export async function openSystem(name: string, backend: BackendChoice, signal: AbortSignal): Promise<Analyzer> {
  const { createAnalyzer } = await loadEngine();
  return createAnalyzer({ model: folderOf(name), backend, signal });
}
