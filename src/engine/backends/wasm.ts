// WebAssembly with SIMD. The module is started here rather than by the package's own start-up code, because that one
// fetches the binary by itself, without checking the answer, and ignores how many threads the page may really use.

import kernels from "mner-qg:kernels/wasm";
import { BackendWasm } from "@tensorflow/tfjs-backend-wasm/dist/backend_wasm.js";
import * as plainModule from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js";
import { registerBackend, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import { MnerError } from "../../core/mner-error.js";
import { NEVER_LOST, type OpenBackend, type OpenOptions, type WasmFiles } from "./backend.js";
import { prepareCore } from "./core.js";
import { compileKernels, startKernels } from "./fused/kernel-module.js";
import { openPool } from "./fused/pool.js";
import { chooseProducts, RACE_BYTES } from "./fused/race.js";
import { registerFusedKernels, type WasmBackend } from "./fused/register.js";
import type { Products } from "./fused/remember.js";
import { BOARD_BYTES, type Runner, singleRunner } from "./fused/runner.js";
import { compileShared } from "./fused/share-memory.js";

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
  prepareCore(kernels);
  const threads = files.startThread === null ? 1 : files.threads();
  const started = await start(files, threads > 1);
  started.tfjs = Object.fromEntries(
    ENTRY_POINTS.map(([key, exported, takes, returns]) => [
      key,
      started.cwrap(exported, returns ? "number" : null, new Array<string>(takes).fill("number")),
    ]),
  );
  const backend = new BackendWasm(started as unknown as ConstructorParameters<typeof BackendWasm>[0]);
  registerBackend("wasm", () => backend);
  const memory = started.asm.memory;
  const runner = await startRunner(backend as unknown as WasmBackend, memory, files, threads);
  const products = files.products ?? (await raceOn(backend as unknown as WasmBackend, runner));
  registerFusedKernels(runner, products === "sixteen-bits");
  await setBackend("wasm");
  return {
    name: "wasm",
    detail: runner.threads > 1 ? `${runner.threads} threads` : "1 thread",
    threads: runner.threads,
    products,
    lost: NEVER_LOST,
    close: () => {
      runner.close();
      removeBackend("wasm");
    },
  };
}

/** Memory of the backend's that the kernels use for something of their own. */
function reserve(backend: WasmBackend, bytes: number): { address: number; free(): void } {
  const { dataId } = backend.makeOutput([Math.ceil(bytes / 4)], "float32");
  return { address: backend.dataIdMap.get(dataId).memoryOffset, free: () => void backend.disposeData(dataId) };
}

async function startRunner(
  backend: WasmBackend,
  memory: WebAssembly.Memory,
  { startThread }: WasmFiles,
  threads: number,
): Promise<Runner> {
  const module = await compileKernels(memory);
  const kernels = await startKernels(module, memory);
  if (threads === 1) return singleRunner(kernels);
  // Kept for as long as there are threads.
  const board = reserve(backend, BOARD_BYTES);
  new Uint8Array(memory.buffer).fill(0, board.address, board.address + BOARD_BYTES);
  try {
    return await openPool({ module, memory, kernels, board: board.address, threads, startThread: startThread! });
  } catch {
    // Workers may be forbidden; one thread does the same, only later.
    return singleRunner(kernels);
  }
}

async function raceOn(backend: WasmBackend, { kernels }: Runner): Promise<Products> {
  const place = reserve(backend, RACE_BYTES);
  try {
    return await chooseProducts(kernels, place.address, deviceCaches());
  } finally {
    place.free();
  }
}

/** The browser's cache storage, or null where there is none or it may not be touched. */
function deviceCaches(): CacheStorage | null {
  try {
    return globalThis.caches ?? null;
  } catch {
    return null; // reading the property throws in sandboxed frames
  }
}

async function start(files: WasmFiles, shared: boolean): Promise<StartedModule> {
  const { module, memory } = shared ? await compileShared(await files.read()) : { module: await files.compile() };
  return new Promise((resolve, reject) => {
    const options = {
      instantiateWasm(
        imports: WebAssembly.Imports,
        receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
      ) {
        const all = memory ? { ...imports, env: { ...imports.env, memory } } : imports;
        WebAssembly.instantiate(module, all).then((instance) => receive(instance, module), reject);
        return {};
      },
      onAbort: (reason: unknown) => reject(new Error(`WebAssembly stopped: ${String(reason)}`)),
    };
    factoryOf(plainModule)(options).then(resolve, reject);
  });
}
