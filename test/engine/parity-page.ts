// In Chromium: opens a backend and measures the network against PyTorch there.

import type { BackendName } from "../../src/core/results.js";
import type { OpenBackend } from "../../src/engine/backends/backend.js";
import { openBackend } from "../../src/engine/backends/open-backend.js";
import { browserWasmFiles } from "../../src/engine/backends/wasm-files-browser.js";
import { workerAddress } from "../../src/engine/worker-engine.js";
import { UNCALIBRATED } from "../../src/model/index.js";
import { readConfig } from "../../src/systems/mner-qg/config.js";
import { measureParity, type ParityReport } from "../support/parity.js";
import { parseSafetensors } from "../support/safetensors.js";
import { measureSystem, type SystemGolden } from "../support/system-parity.js";

export interface PageReport extends ParityReport {
  readonly detail: string;
}

/** The same of a system that looks at photos with another head. */
export async function runSystem(backend: BackendName, golden: string): Promise<PageReport> {
  const bytes = async (file: string): Promise<ArrayBuffer> =>
    (await fetch(`/fixtures/${golden}/${file}`)).arrayBuffer();
  const wasm = { ...browserWasmFiles(workerAddress), threads: () => 1 };
  const open: OpenBackend = await openBackend(backend, { wasm, allowSoftware: true });
  try {
    const { errors, leaked } = await measureSystem({
      config: JSON.parse(new TextDecoder().decode(await bytes("config.json"))),
      weights: parseSafetensors(await bytes("model.safetensors")) as SystemGolden["weights"],
      vectors: parseSafetensors(await bytes("golden.safetensors")),
    });
    return { errors, leaked, detail: open.detail };
  } finally {
    open.close();
  }
}

export async function run(backend: BackendName, golden: string, threads: number): Promise<PageReport> {
  const bytes = async (file: string): Promise<ArrayBuffer> =>
    (await fetch(`/fixtures/${golden}/${file}`)).arrayBuffer();
  // Threads where they may be had, however few cores this machine has.
  const wasm = { ...browserWasmFiles(workerAddress), threads: () => threads };
  const open: OpenBackend = await openBackend(backend, { wasm, allowSoftware: true });
  try {
    const report = await measureParity({
      config: readConfig(JSON.parse(new TextDecoder().decode(await bytes("config.json"))), UNCALIBRATED),
      weights: parseSafetensors(await bytes("model.safetensors")) as Parameters<typeof measureParity>[0]["weights"],
      vectors: parseSafetensors(await bytes("golden.safetensors")),
    });
    return { ...report, detail: open.detail };
  } finally {
    open.close();
  }
}
