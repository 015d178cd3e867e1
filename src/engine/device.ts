// A network on an open backend, tested, and the chain of backends that are tried until one works.
import { makePause, throwIfAborted } from "../core/abort.js";
import { isMnerError, MnerError, toMnerError } from "../core/mner-error.js";
import type { BackendName, Notice } from "../core/results.js";
import type { LoadedModel } from "../model/index.js";
import type { RunOptions } from "../nn/tensor-scope.js";
import { buildNetwork, type Network } from "../systems/network.js";
import type { System, SystemConfig } from "../systems/system.js";
import type { OpenBackend } from "./backends/backend.js";
import { openBackend, selectBackend, whenFree } from "./backends/open-backend.js";
import type { Environment } from "./engine.js";
import { rehearse, runSelfTest } from "./self-test.js";

export interface Device {
  readonly backend: OpenBackend;
  readonly network: Network;
  /** Why the device is gone, once it is. */
  lostReason(): string | null;
  /** The work's own outcome, or `device-lost` as soon as the device is gone: what waits for a lost device never ends. */
  whileAlive<T>(work: Promise<T>): Promise<T>;
  close(): void;
}

export interface OpenDeviceOptions {
  readonly model: LoadedModel;
  readonly system: System;
  readonly config: SystemConfig;
  readonly environment: Environment;
  /** Backends to try, in this order. */
  readonly order: readonly BackendName[];
  /** The caller named the backend: a software GPU will do. */
  readonly named: boolean;
  readonly signal: AbortSignal;
  readonly onNotice: (notice: Notice) => void;
  /** `done`: how much of the stage, 0 to 1. */
  readonly onStage: (stage: "compile" | "self-test", done: number) => void;
}

/** Opens the first backend that works and computes rightly; every one that is passed over is told as a notice. */
export async function openDevice(options: OpenDeviceOptions): Promise<Device> {
  let failure: MnerError | null = null;
  for (const name of options.order) {
    if (failure) options.onNotice(fallbackNotice(failure, name));
    try {
      return await openOne(name, options);
    } catch (error) {
      throwIfAborted(options.signal);
      failure = toMnerError(error, "backend-unavailable", `The ${name} backend cannot be used: ${messageOf(error)}`);
      // A broken model is broken everywhere.
      if (failure.code.startsWith("model-")) throw failure;
    }
  }
  throw failure ?? new MnerError("backend-unavailable", "There is no backend to try. Name one.");
}

async function openOne(name: BackendName, options: OpenDeviceOptions): Promise<Device> {
  const { model, system, config, environment, signal } = options;
  options.onStage("compile", 0);
  const backend = await openBackend(name, { wasm: environment.wasm, allowSoftware: options.named });
  try {
    return await whenFree(async () => {
      throwIfAborted(signal);
      selectBackend(name);
      const pause = makePause(signal);
      const network = await buildNetwork(system, config, model.weights, { pause });
      const device = makeDevice(backend, network);
      try {
        const { selfTest } = model.manifest;
        const run = runOptions(device, signal);
        if (backend.compileAhead) {
          const compiling = backend.compileAhead(
            () => rehearse(network, selfTest, run),
            (done) => options.onStage("compile", done),
          );
          await device.whileAlive(compiling);
          throwIfAborted(signal);
        }
        options.onStage("self-test", 0);
        await runSelfTest(network, selfTest, run);
        return device;
      } catch (error) {
        disposeQuietly(network);
        throw error;
      }
    });
  } catch (error) {
    backend.close();
    throw error;
  }
}

function makeDevice(backend: OpenBackend, network: Network): Device {
  let reason: string | null = null;
  // Kept by hand: racing against one promise that lasts as long as the device would hold every run's result for good.
  const waiting = new Set<(error: MnerError) => void>();
  void backend.lost.then((why) => {
    reason = why;
    for (const fail of waiting) fail(lostError(backend.name, why));
  });
  const whileAlive = <T>(work: Promise<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (reason !== null) reject(lostError(backend.name, reason));
      waiting.add(reject);
      work.then(resolve, reject).finally(() => waiting.delete(reject));
    });
  return {
    backend,
    network,
    whileAlive,
    lostReason: () => reason,
    close: () => {
      disposeQuietly(network);
      backend.close();
    },
  };
}

/** For a run on a device: between its steps it hears aborts and losses, and finds the device's backend the current one. */
export function runOptions(device: Device, signal: AbortSignal): Pick<RunOptions, "pause" | "wait"> {
  const pause = makePause(signal);
  const { name } = device.backend;
  return {
    pause: async () => {
      await pause();
      const reason = device.lostReason();
      // A run on a lost device must not go on with the tensors of the dead one on the new one of the same name.
      if (reason !== null) throw lostError(name, reason);
      selectBackend(name);
    },
    wait: device.whileAlive,
  };
}

function lostError(name: BackendName, reason: string): MnerError {
  return new MnerError(
    "device-lost",
    `The ${name} device was lost (${reason}). Analyse again, or choose backend "wasm".`,
  );
}

function disposeQuietly(network: Network): void {
  try {
    network.dispose();
  } catch {
    // The memory of a lost device is gone already.
  }
}

function fallbackNotice(failure: MnerError, next: BackendName): Notice {
  return { code: "backend-fallback", message: `${failure.message} The ${next} backend is tried next.` };
}

function messageOf(error: unknown): string {
  if (isMnerError(error) || error instanceof Error) return error.message;
  return String((error as { message?: unknown } | null)?.message ?? error);
}
