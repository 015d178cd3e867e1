// WebAssembly with SIMD. The module is started here rather than by the package's own start-up code, because that one
// fetches the binary by itself, without checking the answer, and ignores how many threads the page may really use.
import { BackendWasm, setThreadsCount } from "@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js";
import * as plainModule from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js";
import * as threadedModule from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js";
import { wasmWorkerContents } from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.worker.js";
import { registerBackend, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import { MnerError } from "../../core/mner-error.js";
import { NEVER_LOST, type OpenBackend, type OpenOptions } from "./backend.js";
import { prepareCore } from "./core.js";
import { startKernels } from "./fused/kernel-module.js";
import { registerFusedKernels } from "./fused/register.js";
import { registerWasmKernels } from "./wasm-kernels.js";

/** A module whose one function pops a SIMD constant: valid exactly where SIMD is. */
const SIMD_PROBE = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11],
);

export function hasWasmSimd(): boolean {
  try {
    return typeof WebAssembly === "object" && WebAssembly.validate(SIMD_PROBE);
  } catch {
    return false;
  }
}

interface StartedModule {
  readonly asm: { readonly memory: WebAssembly.Memory };
  /** Only where threads share it. */
  readonly wasmMemory?: WebAssembly.Memory;
  cwrap(name: string, returns: string | null, takes: readonly string[]): (...values: number[]) => number;
  tfjs?: Record<string, (...values: number[]) => number>;
}

type Factory = (options: Record<string, unknown>) => Promise<StartedModule>;

/** Bundlers hand over a CommonJS module either as the namespace's default or as the namespace itself. */
const factoryOf = (module: unknown): Factory => ((module as { default?: Factory }).default ?? module) as Factory;

/** The backend's own entry points: name, number of arguments, whether it returns one. */
const ENTRY_POINTS: readonly [key: string, exported: string, takes: number, returns: boolean][] = [
  ["init", "init", 0, false],
  ["initWithThreadsCount", "init_with_threads_count", 1, false],
  ["getThreadsCount", "get_threads_count", 0, true],
  ["registerTensor", "register_tensor", 3, false],
  ["disposeData", "dispose_data", 1, false],
  ["dispose", "dispose", 0, false],
];

export async function openWasm({ wasm: files }: Pick<OpenOptions, "wasm">): Promise<OpenBackend> {
  if (!hasWasmSimd()) {
    throw new MnerError(
      "backend-unavailable",
      "This browser has no WebAssembly with SIMD, or the page's Content-Security-Policy forbids it. Allow 'wasm-unsafe-eval', or choose another backend.",
    );
  }
  prepareCore();
  registerWasmKernels();
  const threads = await files.threads();
  const threaded = threads > 1;
  const compiled = await files.compile(threaded);
  const started = await start(compiled, threaded);
  started.tfjs = Object.fromEntries(
    ENTRY_POINTS.map(([key, exported, takes, returns]) => [
      key,
      started.cwrap(exported, returns ? "number" : null, new Array<string>(takes).fill("number")),
    ]),
  );
  setThreadsCount(threads);
  const backend = new BackendWasm(started as unknown as ConstructorParameters<typeof BackendWasm>[0]);
  registerBackend("wasm", () => backend);
  registerFusedKernels(await startKernels(started.wasmMemory ?? started.asm.memory), threads);
  await setBackend("wasm");
  return {
    name: "wasm",
    detail: threaded ? `${threads} threads` : "1 thread",
    threads,
    lost: NEVER_LOST,
    close: () => removeBackend("wasm"),
  };
}

function start(compiled: WebAssembly.Module, threaded: boolean): Promise<StartedModule> {
  return new Promise((resolve, reject) => {
    const factory = factoryOf(threaded ? threadedModule : plainModule);
    const options = {
      instantiateWasm(
        imports: WebAssembly.Imports,
        receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
      ) {
        WebAssembly.instantiate(compiled, imports).then((instance) => receive(instance, compiled), reject);
        return {};
      },
      locateFile: (path: string): string => (path.endsWith(".worker.js") ? blobUrl(wasmWorkerContents) : path),
      // Threads load the same factory again, from its source text.
      ...(threaded ? forThreads(factory) : {}),
      onAbort: (reason: unknown) => reject(new Error(`WebAssembly stopped: ${String(reason)}`)),
    };
    factory(options).then(resolve, reject);
  });
}

const [FIRST_PAGES, MOST_PAGES] = [256, 65_536];

function forThreads(factory: Factory): { wasmMemory: WebAssembly.Memory; mainScriptUrlOrBlob: Blob } {
  return {
    // The module would make the same, but not hand it out.
    wasmMemory: new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: MOST_PAGES, shared: true }),
    mainScriptUrlOrBlob: scriptBlob(`var WasmBackendModuleThreadedSimd = ${factory.toString()}`),
  };
}

const scriptBlob = (source: string): Blob => new Blob([source], { type: "text/javascript" });

const blobUrl = (source: string): string => URL.createObjectURL(scriptBlob(source.replaceAll("\n", "\\n")));
