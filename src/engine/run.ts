// One job on its way through an engine: text and photo read, features made or remembered, rows run, numbers decoded.
import { nextTask } from "../core/abort.js";
import { MnerError } from "../core/mner-error.js";
import type { AnalysisResult, Notice, Query } from "../core/results.js";
import type { LoadedModel } from "../model/index.js";
import type { RunOptions } from "../nn/tensor-scope.js";
import type { System, SystemConfig } from "../systems/system.js";
import { prepareText, type Tokenizer } from "../text/index.js";
import type { OpenedImage } from "../vision/index.js";
import { selectBackend } from "./backends/open-backend.js";
import { type Device, runOptions } from "./device.js";
import type { Environment, Job, PhotoInput } from "./engine.js";
import type { HelperLife } from "./helper.js";
import { type CachedPhoto, type DecodedPhoto, decodePhoto, openPhoto, type PhotoCache, photoNotice } from "./photos.js";
import { predict } from "./predict.js";

/** What all runs of an engine share. */
export interface RunParts {
  readonly model: LoadedModel;
  readonly system: System;
  readonly config: SystemConfig;
  readonly tokenizer: Tokenizer;
  readonly environment: Environment;
  /** Notices of loading, which every result carries. */
  readonly notices: readonly Notice[];
}

/** For a GPU, sequences are padded to a multiple of this, so that similar texts find the same shaders compiled. */
const LENGTH_STEP = 8;

/** What is known of a run survives the loss of a device. */
export class Run {
  readonly notices: Notice[];
  losses = 0;
  private readonly parts: RunParts;
  private readonly job: Job;
  private readonly signal: AbortSignal;
  private readonly begun = performance.now();
  private readonly times = { tokenise: 0, decodeImage: 0, imageTrunk: 0, network: 0, decode: 0 };
  private text!: ReturnType<typeof readText>;
  private photo: OpenedImage | null = null;
  private decoded: DecodedPhoto | null = null;

  constructor(parts: RunParts, job: Job, signal: AbortSignal) {
    this.parts = parts;
    this.job = job;
    this.signal = signal;
    this.notices = [...parts.notices];
  }

  /** Everything that needs no device, only to know whether it will be a GPU. */
  async read({ backend }: Device, photos: PhotoCache): Promise<void> {
    this.text = this.timed("tokenise", () => readText(this.parts, this.job, backend.threads === 0));
    await nextTask();
    if (this.job.photo === null) return;
    if (this.parts.config.image === null) {
      const message = "This model reads the text alone; the photo was not looked at.";
      this.notices.push({ code: "photo-not-used", message });
    } else await this.readPhoto(this.job.photo, photos);
  }

  /** `helperLife`: where another core may do part of the rows. */
  async compute(device: Device, photos: PhotoCache, helperLife: HelperLife | null): Promise<AnalysisResult> {
    const { model, system, config } = this.parts;
    const { manifest } = model;
    const options = runOptions(device, this.signal);
    selectBackend(device.backend.name);
    const isNew = this.photo !== null && photos.get(this.photo.key) === null;
    const seen = this.photo && this.features(this.photo, device, photos, options);
    const { prepared, input, queries } = this.text;
    const trunkBefore = this.times.imageTrunk;
    const answer = await this.timedAsync("network", () =>
      predict({
        network: device.network,
        input,
        features: seen?.then(({ features }) => features) ?? null,
        photoKey: this.photo?.key ?? null,
        isPhotoNew: isNew,
        options,
        signal: this.signal,
        helperLife,
      }),
    );
    // The trunk ran within that time.
    this.times.network -= this.times.imageTrunk - trunkBefore;
    const photo = await seen;
    // A context that was lost meanwhile reads back as zeros.
    const reason = device.lostReason();
    if (reason !== null) throw new MnerError("device-lost", reason);
    const letterbox = photo?.letterbox ?? null;
    const { nested, threshold } = this.job;
    const request = { prepared, queries, letterbox, nested, threshold: threshold ?? config.threshold };
    const decoded = this.timed("decode", () => device.network.decode(answer, input, request, photo?.features ?? null));
    return {
      text: this.job.text,
      image: letterbox && { width: letterbox.width, height: letterbox.height },
      ...decoded,
      system: system.name,
      backend: device.backend.name,
      model: { name: manifest.name, version: manifest.version },
      timings: { queued: 0, ...this.times, total: performance.now() - this.begun },
      notices: this.notices,
    };
  }

  private async readPhoto(photo: PhotoInput, photos: PhotoCache): Promise<void> {
    await this.timedAsync("decodeImage", async () => {
      try {
        const opened = await openPhoto(this.parts.environment, photo, this.signal);
        if (photos.get(opened.key) === null) await this.decode(opened);
        this.photo = opened;
      } catch (error) {
        this.notices.push(photoNotice(error, this.job.strictPhoto));
      }
    });
  }

  private async decode(photo: OpenedImage): Promise<DecodedPhoto> {
    this.decoded = await decodePhoto(photo, this.parts.config.image!, this.signal);
    return this.decoded;
  }

  /** The photo's features: remembered ones, or new ones that are remembered from now on. */
  private async features(
    photo: OpenedImage,
    device: Device,
    photos: PhotoCache,
    options: RunOptions,
  ): Promise<CachedPhoto> {
    const known = photos.get(photo.key);
    if (known) {
      this.notices.push(...known.notices);
      return known;
    }
    // It was remembered when the job began, but has made room for others since.
    const { letterbox, pixels, notices } = this.decoded ?? (await this.decode(photo));
    await options.pause?.();
    const features = await this.timedAsync("imageTrunk", () => device.network.encodeImage(pixels, options));
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

function readText({ model, system, config, tokenizer }: RunParts, job: Job, onGpu: boolean) {
  if (job.queries.length > 0 && !system.capabilities.ownQueries) {
    throw new MnerError("query-invalid", `A model of the system ${system.name} cannot be asked own questions.`);
  }
  const queries: readonly Query[] = job.onlyQueries ? job.queries : [...model.manifest.queries, ...job.queries];
  const prepared = prepareText(tokenizer, job.text);
  const fits = Math.ceil(config.maxPieces / LENGTH_STEP) * LENGTH_STEP <= config.text.positions;
  // Where nothing is compiled for a size, padding is only work.
  const multipleOf = fits && onGpu ? LENGTH_STEP : 1;
  const input = system.inputs({ tokenizer, prepared, queries, multipleOf }, config);
  return { prepared, input, queries };
}
