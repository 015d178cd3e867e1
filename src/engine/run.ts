// One job on its way through an engine: text and photo read, features made or remembered, rows run, numbers decoded.
import { isMnerError, MnerError, throwIfAborted } from "../errors/mner-error.js";
import type { LoadedModel } from "../model/index.js";
import type { RunOptions } from "../network/index.js";
import { buildSequences, prepareText, type Tokenizer } from "../text/index.js";
import { fitLetterbox, letterboxInput, type OpenedImage } from "../vision/index.js";
import type { Query } from "./analyzer.js";
import { selectBackend } from "./backends/open-backend.js";
import { decodeResult } from "./decode-result.js";
import { type Device, runOptions } from "./device.js";
import type { Helping } from "./helping.js";
import type { DecodedPhoto, Job, PhotoInput, Surroundings } from "./job.js";
import type { CachedPhoto, PhotoCache } from "./photo-cache.js";
import { predict } from "./predict.js";
import type { AnalysisResult, Notice } from "./results.js";
import { nextTask } from "./task.js";

/** What all runs of an engine share. */
export interface RunParts {
  readonly model: LoadedModel;
  readonly tokenizer: Tokenizer;
  readonly surroundings: Surroundings;
  /** Notices of loading, which every result carries. */
  readonly notices: readonly Notice[];
}

/** For a GPU, sequences are padded to a multiple of this, so that similar texts find the same shaders compiled. */
const LENGTH_STEP = 8;

/** One job on its way: what is known of it survives the loss of a device. */
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
    if (this.job.photo !== null) await this.openPhoto(this.job.photo, photos);
  }

  /** `helping`: where another core may do part of the rows. */
  async compute(device: Device, photos: PhotoCache, helping: Helping | null): Promise<AnalysisResult> {
    const { manifest } = this.parts.model;
    const options = runOptions(device, this.signal);
    selectBackend(device.backend.name);
    const isNew = this.photo !== null && photos.get(this.photo.key) === null;
    const seen = this.photo && this.features(this.photo, device, photos, options);
    const { prepared, sequences, queries } = this.text;
    const trunkBefore = this.times.imageTrunk;
    const predictions = await this.timedAsync("network", () =>
      predict({
        network: device.network,
        sequences,
        features: seen?.then(({ features }) => features) ?? null,
        isPhotoNew: isNew,
        options,
        signal: this.signal,
        helping,
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
    const { letterbox, pixels, notices } = this.decoded ?? (await this.decodePhoto(photo));
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

function readText({ model, tokenizer }: RunParts, job: Job, onGpu: boolean) {
  const { manifest } = model;
  const queries: readonly Query[] = job.onlyQueries ? job.queries : [...manifest.queries, ...job.queries];
  const prepared = prepareText(tokenizer, job.text);
  const { maxPieces, text } = manifest.config;
  const fits = Math.ceil(maxPieces / LENGTH_STEP) * LENGTH_STEP <= text.positions;
  // Where nothing is compiled for a size, padding is only work.
  const limits = { maxPieces, multipleOf: fits && onGpu ? LENGTH_STEP : 1 };
  const sequences = buildSequences(tokenizer, prepared, queries, limits);
  return { prepared, sequences, queries };
}
