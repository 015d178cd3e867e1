// Runs the network on the folder just written and keeps what it answers, so that every browser backend can be held to it.
// This is the one step that needs the whole model in memory, as every run of it does.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { throwIfAborted } from "../../core/abort.js";
import { MnerError } from "../../core/mner-error.js";
import { openBackend, selectBackend, whenFree } from "../../engine/backends/open-backend.js";
import { nodeWasmFiles } from "../../engine/backends/wasm-files-node.js";
import { makeSelfTest } from "../../engine/self-test.js";
import { checkManifest, MANIFEST_FILE, type SelfTest } from "../../model/index.js";
import { loadModelFolder } from "../../model/node.js";
import { openSystem } from "../../systems/index.js";
import { buildNetwork } from "../../systems/network.js";
import { readFolderFile } from "./folder-reader.js";

/** Adds the known answer to the folder's manifest. */
export async function recordSelfTest(folder: string, signal: AbortSignal): Promise<void> {
  const selfTest = await runNetwork(folder, signal);
  const manifest = JSON.parse(new TextDecoder().decode(readFolderFile(folder, MANIFEST_FILE))) as Record<
    string,
    unknown
  >;
  const completed = checkManifest({ ...manifest, selfTest });
  try {
    writeFileSync(join(folder, MANIFEST_FILE), `${JSON.stringify(completed, null, 1)}\n`);
  } catch (error) {
    throw new MnerError("output-unwritable", `${MANIFEST_FILE} cannot be written. Is the disk full?`, { cause: error });
  }
}

/** On the wasm backend, which computes in float32 on every machine alike. */
async function runNetwork(folder: string, signal: AbortSignal): Promise<SelfTest> {
  const model = await loadModelFolder(folder, { signal });
  const backend = await openBackend("wasm", { wasm: nodeWasmFiles(), allowSoftware: true });
  try {
    return await whenFree(async () => {
      throwIfAborted(signal);
      selectBackend("wasm");
      const { system, config } = await openSystem(model.manifest);
      const network = await buildNetwork(system, config, model.weights);
      model.weights.release();
      try {
        return await makeSelfTest(network);
      } finally {
        network.dispose();
      }
    });
  } finally {
    backend.close();
  }
}
