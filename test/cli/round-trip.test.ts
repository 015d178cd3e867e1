// From PyTorch's checkpoint through the converter to the engine's network and back to PyTorch's own numbers. An export of a
// trained run is put through the same with ROUND_TRIP_EXPORT=DIR.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBackend, selectBackend } from "../../src/engine/backends/open-backend.js";
import { nodeWasmFiles } from "../../src/engine/backends/wasm-files-node.js";
import { loadModelFolder } from "../../src/model/node.js";
import { openSystem } from "../../src/systems/index.js";
import type { MnerQgOutput } from "../../src/systems/mner-qg/output.js";
import { buildNetwork } from "../../src/systems/network.js";
import { readSafetensors } from "../support/golden.js";
import { goldenSequences, relativeError } from "../support/parity.js";
import { mnerQg } from "./support/command.js";
import { type TinyKind, writeTinyCheckpoint } from "./support/tiny-checkpoint.js";

/** What the network promises against PyTorch on wasm, with all bits kept. */
const TOLERANCE = 1e-4;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mner-round-trip-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Converts, loads what was written, and returns the largest relative error of each output. */
async function roundTrip(checkpoint: string, golden: string, bits: string): Promise<Record<string, number>> {
  const out = join(folder, `out-${Math.random()}`);
  const { status, error } = await mnerQg(["convert", checkpoint, "--out", out, "--bits", bits, "--no-self-test"]);
  expect(status, error).toBe(0);
  const model = await loadModelFolder(out);
  const vectors = readSafetensors(golden);
  const backend = await openBackend("wasm", { wasm: nodeWasmFiles(), allowSoftware: true });
  selectBackend("wasm");
  const { system, config } = await openSystem(model.manifest);
  const network = await buildNetwork(system, config, model.weights);
  const features = await network.encodeImage(Float32Array.from(vectors.get("input.pixels")!.values));
  const output = (await network.run(goldenSequences(vectors), features)) as MnerQgOutput;
  features.dispose();
  network.dispose();
  backend.close();
  const names = ["start", "end", "existence", "candidates", "none"] as const satisfies (keyof MnerQgOutput)[];
  return Object.fromEntries(
    names.map((name) => [
      name,
      relativeError(unpadded(output[name]!, name, vectors), vectors.get(`output.${name}`)!.values),
    ]),
  );
}

/** PyTorch also computes something for padding, where the network here may not; both are told apart by the mask. */
function unpadded(values: Float32Array, name: string, vectors: ReturnType<typeof readSafetensors>): Float32Array {
  if (name !== "start" && name !== "end") return values;
  const mask = vectors.get("input.mask")!.values;
  const golden = vectors.get(`output.${name}`)!.values;
  return values.map((value, index) => (Number(mask[index]) === 0 ? Number(golden[index]) : value));
}

it.each<TinyKind>(["tiny-mini", "tiny-base"])("%s with all its bits gives PyTorch's numbers", async (kind) => {
  const checkpoint = join(folder, kind);
  writeTinyCheckpoint(checkpoint, kind);
  const golden = fileURLToPath(new URL(`../fixtures/golden-${kind}/golden.safetensors`, import.meta.url));
  for (const [name, error] of Object.entries(await roundTrip(checkpoint, golden, "32"))) {
    expect(error, name).toBeLessThan(TOLERANCE);
  }
  // With fewer bits there is a difference, or this test would see nothing.
  expect(Math.max(...Object.values(await roundTrip(checkpoint, golden, "8")))).toBeGreaterThan(TOLERANCE);
});

const exported = process.env.ROUND_TRIP_EXPORT;
if (exported !== undefined) {
  it("an exported run gives PyTorch's numbers", async () => {
    for (const bits of ["32", "16", "8"]) {
      const errors = await roundTrip(exported, join(exported, "golden", "golden.safetensors"), bits);
      console.log(
        `${bits} bits: ${Object.entries(errors)
          .map(([name, error]) => `${name} ${error.toExponential(2)}`)
          .join(", ")}`,
      );
      if (bits === "32")
        for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(TOLERANCE);
    }
  });
}
