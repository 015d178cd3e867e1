// One model on one thread: loads it, chooses a backend, answers jobs one after the other. Runs in a worker, in a page or in
// Node alike; what differs between them comes in as `Surroundings`.
import { isMnerError, MnerError, throwIfAborted } from "../errors/mner-error.js";
import type { LoadedModel } from "../model/index.js";
import { buildSequences, createTokenizer, prepareText, type Tokenizer } from "../text/index.js";
import { fitLetterbox, letterboxInput, type OpenedImage } from "../vision/index.js";
import type { Progress, Query } from "./analyzer.js";
import { selectBackend, whenFree } from "./backends/open-backend.js";
import { decodeResult } from "./decode-result.js";
import { type Device, devicePause, openDevice } from "./device.js";
import type { DecodedPhoto, EngineInfo, Job, PhotoInput, Surroundings } from "./job.js";
import { type CachedPhoto, PhotoCache } from "./photo-cache.js";
import { predict } from "./predict.js";
import type { AnalysisResult, BackendName, Notice } from "./results.js";
import { nextTask } from "./task.js";

export interface EngineOptions {
  readonly model: string;
  readonly backend: "auto" | BackendName;
}

export interface EngineEvents {
  onProgress(progress: Progress): void;
  onNotice(notice: Notice): void;
}

/** The result with the time it waited left at 0: only the queue knows that. */
export interface EngineCore {
  readonly info: EngineInfo;
  analyze(job: Job, signal: AbortSignal): Promise<AnalysisResult>;
  dispose(): void;
}

/** Photos remembered; the paper's size needs some 6 MB for each. */
const CACHED_PHOTOS = 12;
/** Parts of the progress figure: files, decoding, compiling; the self-test is the rest. */
const [DOWNLOADED, DECODED, COMPILED] = [0.8, 0.85, 0.95];
/** For shaders, sequences are padded to a multiple of this, so that similar texts find the same ones compiled. */
const LENGTH_STEP = 8;
/** After this many losses a backend is not trusted again. */
const MOST_LOSSES = 3;
const LOSABLE: ReadonlySet<BackendName> = new Set(["webgpu", "webgl"]);
/** Those that compile a program for each size they meet. */
const SHADED = LOSABLE;
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
  return new Engine({ model, tokenizer, surroundings, notices, onNotice: events.onNotice, named }, device);
}

interface Parts {
  readonly model: LoadedModel;
  readonly tokenizer: Tokenizer;
  readonly surroundings: Surroundings;
  /** Notices of loading, which every result carries. */
  readonly notices: readonly Notice[];
  readonly onNotice: (notice: Notice) => void;
  readonly named: boolean;
}

class Engine implements EngineCore {
  private readonly parts: Parts;
  private readonly photos = new PhotoCache(CACHED_PHOTOS);
  private readonly ended = new AbortController();
  private device: Device;
  private losses = 0;

  constructor(parts: Parts, device: Device) {
    this.parts = parts;
    this.device = device;
  }

  get info(): EngineInfo {
    const { manifest } = this.parts.model;
    return {
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
        // Given up within the turn: what hangs on a lost device must not keep the others waiting.
        const work = whenFree(() => device.whileAlive(run.compute(device, this.photos)));
        return await work;
      } catch (error) {
        throwIfAborted(stopped);
        if (!(await isLost(device))) throw error;
        await this.recover(device, run, stopped);
      }
    }
  }

  dispose(): void {
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

  private closeDevice(device: Device): void {
    try {
      this.photos.clear();
    } catch {
      // The memory of a lost device is gone already.
    }
    device.close();
  }
}

/** One job on its way: what is known of it survives the loss of a device. */
class Run {
  readonly notices: Notice[];
  losses = 0;
  private readonly parts: Parts;
  private readonly job: Job;
  private readonly signal: AbortSignal;
  private readonly begun = performance.now();
  private readonly times = { tokenise: 0, decodeImage: 0, imageTrunk: 0, network: 0, decode: 0 };
  private text!: ReturnType<typeof readText>;
  private photo: OpenedImage | null = null;
  private decoded: DecodedPhoto | null = null;

  constructor(parts: Parts, job: Job, signal: AbortSignal) {
    this.parts = parts;
    this.job = job;
    this.signal = signal;
    this.notices = [...parts.notices];
  }

  /** Everything that needs no device, only to know which kind it will be. */
  async read(device: Device, photos: PhotoCache): Promise<void> {
    this.text = this.timed("tokenise", () => readText(this.parts, this.job, device.backend.name));
    await nextTask();
    if (this.job.photo !== null) await this.openPhoto(this.job.photo, photos);
  }

  async compute(device: Device, photos: PhotoCache): Promise<AnalysisResult> {
    const { manifest } = this.parts.model;
    const pause = devicePause(device, this.signal);
    selectBackend(device.backend.name);
    const photo = await this.features(device, photos, pause);
    const { prepared, sequences, queries } = this.text;
    const predictions = await this.timedAsync("network", () =>
      predict(device.network, sequences, photo?.features ?? null, { pause }),
    );
    // A context that was lost meanwhile reads back as zeros.
    const reason = device.lostReason();
    if (reason !== null) throw new MnerError("device-lost", reason);
    const letterbox = photo?.letterbox ?? null;
    const { nested, threshold } = this.job;
    const { entities, queries: results } = this.timed("decode", () =>
      decodeResult({
        manifest,
        prepared,
        sequences,
        queries,
        predictions,
        letterbox,
        nested,
        threshold: threshold ?? manifest.calibration.spanThreshold,
      }),
    );
    return {
      text: this.job.text,
      image: letterbox && { width: letterbox.width, height: letterbox.height },
      entities,
      queries: results,
      backend: device.backend.name,
      model: { name: manifest.name, version: manifest.version },
      timings: { queued: 0, ...this.times, total: performance.now() - this.begun },
      notices: this.notices,
    };
  }

  private async openPhoto(input: PhotoInput, photos: PhotoCache): Promise<void> {
    await this.timedAsync("decodeImage", async () => {
      try {
        this.photo = await this.parts.surroundings.openPhoto(input, this.signal);
        if (photos.get(this.photo.key) === null) await this.decodePhoto(this.photo);
      } catch (error) {
        // The page may show such a photo but not read it: the names are still worth having.
        if (!isMnerError(error) || error.code !== "image-cross-origin") throw error;
        this.photo = null;
        this.notices.push({ code: error.code, message: error.message });
      }
    });
  }

  private async decodePhoto(photo: OpenedImage): Promise<DecodedPhoto> {
    const { size, mean, std } = this.parts.model.manifest.config.image;
    const { width, height, pixels, pixelWidth, pixelHeight, notices } = await photo.decode();
    await nextTask();
    throwIfAborted(this.signal);
    const letterbox = fitLetterbox(width, height, size);
    const input = letterboxInput(pixels, pixelWidth, pixelHeight, letterbox, mean, std);
    this.decoded = { letterbox, pixels: input, notices };
    return this.decoded;
  }

  /** The photo's features: remembered ones, or new ones that are remembered from now on. */
  private async features(device: Device, photos: PhotoCache, pause: () => Promise<void>): Promise<CachedPhoto | null> {
    const { photo } = this;
    if (photo === null) return null;
    const known = photos.get(photo.key);
    if (known) {
      this.notices.push(...known.notices);
      return known;
    }
    // It was remembered when the job began, but has made room for others since.
    const { letterbox, pixels, notices } = this.decoded ?? (await this.decodePhoto(photo));
    await pause();
    const features = await this.timedAsync("imageTrunk", () => device.network.encodeImage(pixels, { pause }));
    const seen = { letterbox, features, notices };
    photos.put(photo.key, seen);
    this.notices.push(...notices);
    return seen;
  }

  private timed<T>(stage: keyof typeof this.times, work: () => T): T {
    const begun = performance.now();
    try {
      return work();
    } finally {
      this.times[stage] += performance.now() - begun;
    }
  }

  private async timedAsync<T>(stage: keyof typeof this.times, work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    try {
      return await work();
    } finally {
      this.times[stage] += performance.now() - begun;
    }
  }
}

function readText({ model, tokenizer }: Parts, job: Job, backend: BackendName) {
  const { manifest } = model;
  const queries: readonly Query[] = job.onlyQueries ? job.queries : [...manifest.queries, ...job.queries];
  const prepared = prepareText(tokenizer, job.text);
  const { maxPieces, text } = manifest.config;
  const fits = Math.ceil(maxPieces / LENGTH_STEP) * LENGTH_STEP <= text.positions;
  // Where nothing is compiled for a size, padding is only work.
  const limits = { maxPieces, multipleOf: fits && SHADED.has(backend) ? LENGTH_STEP : 1 };
  const sequences = buildSequences(tokenizer, prepared, queries, limits);
  return { prepared, sequences, queries };
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
