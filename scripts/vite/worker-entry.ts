// A Vite plugin that builds the engine's worker as one more entry of the same bundle. Vite's own way bundles workers apart:
// every chunk would be twice in the package, and the worker's half minified less.
import type { Plugin } from "vite";

const WORKER = "./worker.js?worker&url";
const ADDRESS = "\0mner-qg:worker-address";

/** The chunk's name is `worker`. */
export function workerEntry(script: string): Plugin {
  let reference = "";
  return {
    name: "mner-qg:worker-entry",
    enforce: "pre",
    buildStart() {
      reference = this.emitFile({ type: "chunk", id: script, name: "worker" });
    },
    resolveId: (source) => (source === WORKER ? ADDRESS : null),
    load: (id) => (id === ADDRESS ? `export default import.meta.ROLLUP_FILE_URL_${reference};` : null),
    generateBundle(_, bundle) {
      // A name that stays, for whoever starts the worker by themselves.
      const worker = Object.values(bundle).find((file) => file.type === "chunk" && file.name === "worker");
      if (!worker) this.error("The worker was not built.");
      this.emitFile({ type: "asset", fileName: "worker.js", source: `import "./${worker.fileName}";\n` });
    },
  };
}
