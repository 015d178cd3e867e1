// One model on one thread: loads it, chooses a backend, answers jobs one after the other. Runs in a worker, in a page or in
// Node alike; what differs between them comes in as `Surroundings`.
import { MnerError, throwIfAborted } from "../errors/mner-error.js";
import type { LoadedModel } from "../model/index.js";
import { type FeatureData, makeFeatures, type NetworkOutput, type Sequences } from "../network/index.js";
import { createTokenizer } from "../text/index.js";
import type { Progress } from "./analyzer.js";
import { selectBackend, whenFree } from "./backends/open-backend.js";
import { type Device, openDevice, runOptions } from "./device.js";
import { startHelper } from "./helper.js";
import { Helping } from "./helping.js";
import type { EngineEvents, EngineInfo, EngineOptions, Job, Surroundings } from "./job.js";
import { PhotoCache } from "./photo-cache.js";
import type { AnalysisResult, BackendName, Notice } from "./results.js";
import { Run, type RunParts } from "./run.js";
import { nextTask } from "./task.js";

/** The result with the time it waited left at 0: only the queue knows that. */
export interface EngineCore {
  readonly info: EngineInfo;
  analyze(job: Job, signal: AbortSignal): Promise<AnalysisResult>;
  /** Only the network, for an engine elsewhere that has given some of its rows away. */
  runRows(rows: Sequences, photo: Promise<FeatureData> | null, signal: AbortSignal): Promise<NetworkOutput>;
  dispose(): void;
}

/** Photos remembered; the paper's size needs some 6 MB for each. */
const CACHED_PHOTOS = 12;
/** Parts of the progress figure: files, decoding, compiling; the self-test is the rest. */
const [DOWNLOADED, DECODED, COMPILED] = [0.8, 0.85, 0.95];
/** After this many losses a backend is not trusted again. */
const MOST_LOSSES = 3;
const LOSABLE: ReadonlySet<BackendName> = new Set(["webgpu", "webgl"]);
/** A device's loss is told a moment after the first call that fails for it. */
const LOSS_GRACE_MS = 200;

export async function startEngine(
  options: EngineOptions,
  surroundings: Surroundings,
  events: EngineEvents,
  signal: AbortSignal,
): Promise<EngineCore> {
  let progress: Progress = { fraction: 0, stage: "manifest", loadedBytes: 0, totalBytes: 0 };
  const report = (change: Partial<Progress>): void => {
    const fraction = Math.max(progress.fraction, change.fraction ?? 0);
    progress = { ...progress, ...change, fraction };
    events.onProgress(progress);
  };
  report({});
  const model = await surroundings.loadModel(options.model, {
    signal,
    onProgress: ({ fraction, loadedBytes, totalBytes }) =>
      report({ stage: "download", fraction: fraction * DOWNLOADED, loadedBytes, totalBytes }),
  });
  throwIfAborted(signal);
  report({ stage: "decode", fraction: DOWNLOADED });
  await nextTask();
  const tokenizer = createTokenizer(textOf(model));
  const notices: Notice[] = [...model.notices];
  for (const notice of notices) events.onNotice(notice);
  const onNotice = (notice: Notice): void => {
    notices.push(notice);
    events.onNotice(notice);
  };
  const named = options.backend !== "auto";
  const order: readonly BackendName[] = named ? [options.backend as BackendName] : surroundings.order;
  const onStage = (stage: "compile" | "self-test"): void =>
    report({ stage, fraction: stage === "compile" ? DECODED : COMPILED });
  const device = await openDevice({ model, surroundings, order, named, signal, onNotice, onStage });
  releaseIfSteady(device, model);
  report({ stage: "ready", fraction: 1 });
  return new Engine(
    { address: options.model, model, tokenizer, surroundings, notices, onNotice: events.onNotice, named },
    device,
  );
}

interface Parts extends RunParts {
  readonly address: string;
  readonly onNotice: (notice: Notice) => void;
  readonly named: boolean;
}

class Engine implements EngineCore {
  private readonly parts: Parts;
  private readonly photos = new PhotoCache(CACHED_PHOTOS);
  private readonly ended = new AbortController();
  private readonly helping: Helping | null;
  private device: Device;
  private losses = 0;

  constructor(parts: Parts, device: Device) {
    this.parts = parts;
    this.device = device;
    const { address, model, surroundings } = parts;
    const { helperScript } = surroundings;
    const start = (script: string): ReturnType<typeof startHelper> => {
      const options: EngineOptions = { model: address, backend: "wasm", products: this.device.backend.products };
      return startHelper(script, options, model.release);
    };
    this.helping = helperScript === null ? null : new Helping(() => start(helperScript));
  }

  get info(): EngineInfo {
    const { manifest } = this.parts.model;
    return {
      release: this.parts.model.release,
      backend: this.device.backend.name,
      model: {
        name: manifest.name,
        version: manifest.version,
        queries: manifest.queries,
        threshold: manifest.calibration.spanThreshold,
      },
      notices: this.parts.notices,
    };
  }

  async analyze(job: Job, signal: AbortSignal): Promise<AnalysisResult> {
    const stopped = AbortSignal.any([signal, this.ended.signal]);
    const run = new Run(this.parts, job, stopped);
    await run.read(this.device, this.photos);
    for (;;) {
      throwIfAborted(stopped);
      const device = this.device;
      try {
        return await whenFree(() => run.compute(device, this.photos, this.helpingFor(device)));
      } catch (error) {
        throwIfAborted(stopped);
        if (!(await isLost(device))) throw error;
        await this.recover(device, run, stopped);
      }
    }
  }

  runRows(rows: Sequences, photo: Promise<FeatureData> | null, signal: AbortSignal): Promise<NetworkOutput> {
    return whenFree(async () => {
      const { device } = this;
      selectBackend(device.backend.name);
      let features: ReturnType<typeof makeFeatures> | null = null;
      const arrived = photo?.then((data) => {
        throwIfAborted(signal);
        features = makeFeatures(data);
        return features;
      });
      arrived?.catch(() => {});
      try {
        return await device.network.run(rows, arrived ?? null, runOptions(device, signal));
      } finally {
        (features as ReturnType<typeof makeFeatures> | null)?.dispose();
      }
    });
  }

  dispose(): void {
    this.helping?.giveUp();
    this.ended.abort(new MnerError("disposed", "The analyser was disposed of. Create a new one."));
    // A run that is still going on hears of it at its next pause, and leaves the device alone from then on.
    void whenFree(async () => {
      this.closeDevice(this.device);
      this.parts.model.weights.release();
    });
  }

  /** A new device in place of the lost one: the same backend once per run, then one that cannot be lost. */
  private async recover(lost: Device, run: Run, signal: AbortSignal): Promise<void> {
    // Another run may have seen to it already.
    if (this.device !== lost) return;
    const { name } = lost.backend;
    const { surroundings, model, named } = this.parts;
    const again = run.losses++ === 0 && ++this.losses <= MOST_LOSSES;
    const steady = surroundings.order.filter((other) => !LOSABLE.has(other));
    const order = [...(again ? [name] : []), ...steady];
    const onNotice = (notice: Notice): void => {
      run.notices.push(notice);
      this.parts.onNotice(notice);
    };
    onNotice({
      code: "device-lost",
      message: `The ${name} device was lost (${lost.lostReason() ?? "unknown reason"}); the run is repeated${again ? " on a new one" : ` on ${order[0]}`}.`,
    });
    this.closeDevice(lost);
    this.device = await openDevice({ model, surroundings, order, named, signal, onNotice, onStage: () => {} });
    releaseIfSteady(this.device, model);
  }

  /** Only WebAssembly on one thread leaves a core idle that a helper could use. */
  private helpingFor({ backend }: Device): Helping | null {
    return backend.name === "wasm" && backend.threads === 1 ? this.helping : null;
  }

  private closeDevice(device: Device): void {
    try {
      this.photos.clear();
    } catch {
      // The memory of a lost device is gone already.
    }
    device.close();
  }
}

/** The tokenizer's files, as text by their names. */
function textOf({ tokenizerFiles }: LoadedModel): Record<string, string> {
  const decoder = new TextDecoder();
  return Object.fromEntries(
    [...tokenizerFiles].map(([path, bytes]) => [path.split("/").pop()!, decoder.decode(bytes)]),
  );
}

/** The weights as they were downloaded are only kept for a device that may have to be given them again. */
function releaseIfSteady(device: Device, { weights }: LoadedModel): void {
  if (!LOSABLE.has(device.backend.name)) weights.release();
}

async function isLost(device: Device): Promise<boolean> {
  const grace = new Promise<void>((resolve) => setTimeout(resolve, LOSS_GRACE_MS));
  if (LOSABLE.has(device.backend.name)) {
    await device.whileAlive(grace).catch(() => {});
  }
  return device.lostReason() !== null;
}
