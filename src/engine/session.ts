// One model on one thread: loads it, chooses a backend, answers jobs one after the other, and opens the device anew when it is
// lost. Runs in a worker, in a page or in Node alike; what differs between them comes in as `Environment`.
import { nextTask, throwIfAborted } from "../core/abort.js";
import { MnerError } from "../core/mner-error.js";
import type { AnalysisResult, BackendName, Notice } from "../core/results.js";
import type { TokenRows } from "../encoders/bert.js";
import type { LoadedModel, ModelManifest } from "../model/index.js";
import { openSystem } from "../systems/index.js";
import type { ImageFeatures } from "../systems/network.js";
import type { RowOutput } from "../systems/system.js";
import { createTokenizer } from "../text/index.js";
import type { Progress } from "./analyzer.js";
import { selectBackend, whenFree } from "./backends/open-backend.js";
import { type Device, openDevice, runOptions } from "./device.js";
import type { Engine, EngineEvents, EngineInfo, EngineOptions, Environment, Job } from "./engine.js";
import { HelperLife, helpersFor, type RowRunner, startHelper } from "./helper.js";
import { type LentPhoto, LentPhotos } from "./lent-photo.js";
import { PhotoCache } from "./photos.js";
import { classify } from "./protocol.js";
import { Run, type RunParts } from "./run.js";

/** Photos remembered; the paper's size needs some 6 MB for each. */
const CACHED_PHOTOS = 12;
/** Parts of the progress figure: files, decoding, compiling; the self-test is the rest. */
const [DOWNLOADED, DECODED, COMPILED] = [0.8, 0.85, 0.95];
/** After this many losses a backend is not trusted again. */
const MOST_LOSSES = 3;
const LOSABLE: ReadonlySet<BackendName> = new Set(["webgpu", "webgl"]);
/** A device's loss is told a moment after the first call that fails for it. */
const LOSS_GRACE_MS = 200;

/** An engine that can also lend its network to one elsewhere that has given some of its rows away. */
export interface Session extends Engine, RowRunner {}

export async function startSession(
  options: EngineOptions,
  environment: Environment,
  events: EngineEvents,
  signal: AbortSignal,
): Promise<Session> {
  try {
    return await start(options, environment, events, signal);
  } catch (error) {
    throw classify(error);
  }
}

async function start(
  options: EngineOptions,
  environment: Environment,
  events: EngineEvents,
  signal: AbortSignal,
): Promise<Session> {
  let progress: Progress = { fraction: 0, stage: "manifest", loadedBytes: 0, totalBytes: 0 };
  const report = (change: Partial<Progress>): void => {
    const fraction = Math.max(progress.fraction, change.fraction ?? 0);
    progress = { ...progress, ...change, fraction };
    events.onProgress(progress);
  };
  report({});
  const model = await environment.loadModel(options.model, {
    signal,
    accept,
    onProgress: ({ fraction, loadedBytes, totalBytes }) =>
      report({ stage: "download", fraction: fraction * DOWNLOADED, loadedBytes, totalBytes }),
  });
  throwIfAborted(signal);
  report({ stage: "decode", fraction: DOWNLOADED });
  await nextTask();
  const { system, config } = await openSystem(model.manifest);
  const tokenizer = createTokenizer(textOf(model));
  const notices: Notice[] = [...model.notices];
  for (const notice of notices) events.onNotice(notice);
  const onNotice = (notice: Notice): void => {
    notices.push(notice);
    events.onNotice(notice);
  };
  const named = options.backend !== "auto";
  const order: readonly BackendName[] = named ? [options.backend as BackendName] : environment.order;
  const onStage = (stage: "compile" | "self-test"): void =>
    report({ stage, fraction: stage === "compile" ? DECODED : COMPILED });
  const device = await openDevice({ model, system, config, environment, order, named, signal, onNotice, onStage });
  releaseIfSteady(device, model);
  report({ stage: "ready", fraction: 1 });
  const parts = { address: options.model, model, system, config, tokenizer, environment, notices, named };
  return new ModelSession({ ...parts, onNotice: events.onNotice }, device);
}

/** Before anything else of the folder is fetched: does this version know the system, and can it read its config? */
async function accept(manifest: ModelManifest): Promise<void> {
  await openSystem(manifest);
}

interface Parts extends RunParts {
  readonly address: string;
  readonly onNotice: (notice: Notice) => void;
  readonly named: boolean;
}

class ModelSession implements Session {
  private readonly parts: Parts;
  private readonly photos = new PhotoCache(CACHED_PHOTOS);
  private readonly lent = new LentPhotos();
  private readonly ended = new AbortController();
  private readonly helperLife: HelperLife | null;
  private device: Device;
  private losses = 0;

  constructor(parts: Parts, device: Device) {
    this.parts = parts;
    this.device = device;
    const { address, model, environment } = parts;
    const { helperScript } = environment;
    const start = (script: string): ReturnType<typeof startHelper> => {
      const options: EngineOptions = { model: address, backend: "wasm", products: this.device.backend.products };
      return startHelper(script, options, model.release);
    };
    this.helperLife =
      helperScript === null ? null : new HelperLife(() => start(helperScript), { most: helpersFor(cores()) });
  }

  get info(): EngineInfo {
    const { model, system, config } = this.parts;
    const { name, version, queries } = model.manifest;
    const { capabilities } = system;
    return {
      release: model.release,
      backend: this.device.backend.name,
      model: { name, version, system: system.name, capabilities, queries, threshold: config.threshold },
      notices: this.parts.notices,
    };
  }

  async analyze(job: Job, signal: AbortSignal): Promise<AnalysisResult> {
    try {
      return await this.answer(job, signal);
    } catch (error) {
      throw classify(error);
    }
  }

  private async answer(job: Job, signal: AbortSignal): Promise<AnalysisResult> {
    const stopped = AbortSignal.any([signal, this.ended.signal]);
    const run = new Run(this.parts, job, stopped);
    await run.read(this.device, this.photos);
    for (;;) {
      throwIfAborted(stopped);
      const device = this.device;
      try {
        return await whenFree(() => run.compute(device, this.photos, this.helperFor(device)));
      } catch (error) {
        throwIfAborted(stopped);
        if (!(await isLost(device))) throw error;
        await this.recover(device, run, stopped);
      }
    }
  }

  runRows(rows: TokenRows, photo: LentPhoto | null, signal: AbortSignal): Promise<RowOutput> {
    return whenFree(async () => {
      const { device } = this;
      selectBackend(device.backend.name);
      const features = photo && this.borrow(photo, signal);
      features?.catch(() => {});
      return await device.network.run(rows, features, runOptions(device, signal));
    });
  }

  private async borrow({ key, read }: LentPhoto, signal: AbortSignal): Promise<ImageFeatures> {
    const plain = await read?.();
    throwIfAborted(signal);
    const photo = plain === undefined ? this.lent.get(key) : this.lent.take(key, plain);
    if (photo === null) throw new MnerError("internal", "A photo was lent that is not here any more.");
    return { photo, dispose: () => {} };
  }

  dispose(): void {
    this.helperLife?.giveUp();
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
    const { environment, model, system, config, named } = this.parts;
    const again = run.losses++ === 0 && ++this.losses <= MOST_LOSSES;
    const steady = environment.order.filter((other) => !LOSABLE.has(other));
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
    this.device = await openDevice({
      ...{ model, system, config, environment, order, named, signal, onNotice },
      onStage: () => {},
    });
    releaseIfSteady(this.device, model);
  }

  /** Only WebAssembly on one thread leaves a core idle that a helper could use. */
  private helperFor({ backend }: Device): HelperLife | null {
    return backend.name === "wasm" && backend.threads === 1 ? this.helperLife : null;
  }

  private closeDevice(device: Device): void {
    try {
      this.photos.clear();
      this.lent.clear();
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

const cores = (): number => globalThis.navigator?.hardwareConcurrency ?? 1;
