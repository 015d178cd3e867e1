// MNER-QG as a whole: a photo in once, sequences in as one batch, logits out with one read-back. An independent reading of
// the published method; the PyTorch reference in training/systems/mner_qg is its exact definition.
import {
  concat,
  reshape,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tensor2d,
  tensor4d,
  tidy,
} from "@tensorflow/tfjs-core";
import type { NetworkConfig } from "./config.js";
import { loadCspDarknet, type MapStage } from "./csp-darknet.js";
import { loadDarknet53 } from "./darknet53.js";
import { attendLabels, type ExistenceAware, loadExistenceAware } from "./existence.js";
import { ground, groundingFromQuery, loadGroundingHead, loadTextHeads, match } from "./heads.js";
import { Held } from "./held.js";
import {
  type CrossModality,
  commonWidth,
  conditionMap,
  letIn,
  loadCrossModality,
  loadPhotoScales,
  loadQueryVector,
  look,
  type PhotoScale,
  poolQuery,
  prepareScale,
  type QueryVector,
  type ScaleFeatures,
} from "./interactions.js";
import { columns, linear } from "./operations.js";
import { type NetworkOutput, readOutput } from "./read-output.js";
import {
  attentionPart,
  embed,
  feedForwardPart,
  loadTextEncoder,
  paddingMask,
  type Sequences,
  type TextEncoder,
} from "./text-encoder.js";
import { type Convolution, checkWeights, type Linear, WeightLoader, type WeightSource } from "./weights.js";

/** What a photo's own part of the network gave, kept on the device for further queries and texts. */
export interface ImageFeatures {
  readonly scales: readonly ScaleFeatures[];
  dispose(): void;
}

export interface RunOptions {
  /**
   * Awaited between slices of the work, so that whoever runs the network can look for an abort (by throwing) and let other
   * tasks of the thread go first. Slices of the small network take some ten milliseconds on one core.
   */
  readonly pause?: () => void | Promise<void>;
  /** Wraps each wait for the device, so that whoever knows that the device is gone can end it: it would never end by itself. */
  readonly wait?: <T>(work: Promise<T>) => Promise<T>;
  /** Sees the output of each module under the reference's name; it must copy what it wants to keep. For tests. */
  readonly watch?: (name: string, tensor: Tensor) => void;
}

export interface Network {
  readonly config: NetworkConfig;
  /** Pixels as NHWC [1, S, S, 3], normalised. */
  encodeImage(pixels: Float32Array, options?: RunOptions): Promise<ImageFeatures>;
  /** Features may still be on their way: the text is read meanwhile. */
  run(
    sequences: Sequences,
    features: ImageFeatures | Promise<ImageFeatures> | null,
    options?: RunOptions,
  ): Promise<NetworkOutput>;
  dispose(): void;
}

/** Builds the network on the current backend. Weights are read, turned round and uploaded here, once. */
export function buildNetwork(config: NetworkConfig, source: WeightSource): Network {
  const building = build(config, source);
  for (;;) {
    const { done, value } = building.next();
    if (done) return value;
  }
}

/** The same, with pauses in between: it is a second's work and more. */
export async function buildNetworkInSlices(
  config: NetworkConfig,
  source: WeightSource,
  { pause }: Pick<RunOptions, "pause"> = {},
): Promise<Network> {
  const building = build(config, source);
  try {
    for (;;) {
      const { done, value } = building.next();
      if (done) return value;
      await pause?.();
    }
  } finally {
    // Stopped in the middle, it frees what it has made; at its end this does nothing.
    building.return(undefined as never);
  }
}

function* build(config: NetworkConfig, source: WeightSource): Generator<void, Network> {
  checkWeights(source, config);
  const loader = new WeightLoader(source);
  let network: Network | null = null;
  try {
    const d = config.width;
    network = assemble(config, loader, {
      text: yield* loadTextEncoder(loader, config.text),
      image: config.image.kind === "csp-darknet-pan" ? loadCspDarknet(loader) : yield* loadDarknet53(loader),
      photoScales: loadPhotoScales(loader, config),
      queryVector: loadQueryVector(loader),
      cross: loadCrossModality(loader, config, groundingFromQuery(loader, d)),
      existence: loadExistenceAware(loader, config.text.width),
      textHeads: loadTextHeads(loader),
      groundingHeads: loadGroundingHead(loader),
    });
    return network;
  } finally {
    if (network === null) loader.dispose();
  }
}

function tensorsOf({ reduced, matched, objects }: ScaleFeatures): Tensor[] {
  return [reduced, matched, objects];
}

/** Everything that the network computes with. */
interface Modules {
  readonly text: TextEncoder;
  readonly image: readonly MapStage[];
  readonly photoScales: readonly PhotoScale[];
  readonly queryVector: QueryVector;
  readonly cross: CrossModality;
  readonly existence: ExistenceAware;
  readonly textHeads: Linear;
  readonly groundingHeads: readonly Convolution[];
}

function assemble(config: NetworkConfig, loader: WeightLoader, modules: Modules): Network {
  const d = config.width;
  const { text, image, photoScales, queryVector, cross, existence, textHeads, groundingHeads } = modules;

  async function encodeImage(pixels: Float32Array, options: RunOptions = {}): Promise<ImageFeatures> {
    const size = config.image.size;
    const held = new Held();
    try {
      let maps: readonly Tensor4D[] = held.holdAll([tensor4d(pixels, [1, size, size, 3])]);
      for (const stage of image) {
        const next = held.holdAll(stage([...maps]));
        held.free(...maps.filter((map) => !next.includes(map)));
        maps = next;
        await options.pause?.();
      }
      const scales: ScaleFeatures[] = [];
      maps.forEach((v, scale) => {
        options.watch?.(`image_encoder.${scale}`, v);
        const u = held.hold(commonWidth(v, photoScales[scale]!));
        options.watch?.(`common_width.${scale}`, u);
        const prepared = prepareScale(v, u, photoScales[scale]!);
        held.holdAll(tensorsOf(prepared));
        scales.push(prepared);
      });
      const kept = scales.flatMap(tensorsOf);
      for (const tensor of kept) held.release(tensor);
      return { scales, dispose: () => kept.forEach((tensor) => void (tensor.isDisposed || tensor.dispose())) };
    } finally {
      held.end();
    }
  }

  async function encodeText(sequences: Sequences, held: Held, options: RunOptions): Promise<Tensor2D> {
    const { rows: count, length } = sequences;
    const mask = held.hold(tensor2d(paddingMask(sequences), [count, length]));
    let hidden = held.hold(embed(text, sequences));
    const replace = async (next: Tensor2D): Promise<void> => {
      held.free(hidden);
      hidden = held.hold(next);
      await options.pause?.();
    };
    for (let layer = 0; layer < text.layers.length; layer++) {
      await replace(attentionPart(text, layer, hidden, count, mask));
      await replace(feedForwardPart(text, layer, hidden));
    }
    held.free(mask);
    return hidden;
  }

  /** The photo's part of a run: what the text lets in, and what the grounding head says. */
  async function lookAtPhoto(
    sequences: Sequences,
    hidden: Tensor2D,
    features: ImageFeatures,
    held: Held,
    options: RunOptions,
  ): Promise<{ seen: Tensor2D; outputs: Tensor[] }> {
    const q = held.hold(poolQuery(queryVector, hidden, sequences));
    options.watch?.("query_vector", q);
    const fromQuery = held.hold(linear(q, cross.fromQuery));
    const wanted = held.hold(columns(fromQuery, 6 * d, d));
    const query = held.hold(linear(hidden, cross.query));
    const looked: Tensor2D[] = [];
    const grounded: Tensor[] = [];
    const matches: Tensor[] = [];
    for (const [scale, photo] of features.scales.entries()) {
      const conditioned = held.hold(conditionMap(cross, scale, photo, fromQuery));
      options.watch?.(`conditioned.${scale}`, conditioned);
      grounded.push(held.hold(ground(conditioned, groundingHeads[scale]!, photo)));
      matches.push(held.hold(match(wanted, photo)));
      await options.pause?.();
      looked.push(held.hold(look(cross, scale, query, conditioned)));
      held.free(conditioned);
      await options.pause?.();
    }
    const { seen, openness } = letIn(cross, hidden, looked);
    held.holdAll([seen, openness]);
    const none = held.hold(columns(fromQuery, 7 * d, 1));
    held.free(q, fromQuery, wanted, query, ...looked);
    return { seen, outputs: [...grounded, ...matches, none, openness] };
  }

  async function run(
    sequences: Sequences,
    photo: ImageFeatures | Promise<ImageFeatures> | null,
    options: RunOptions = {},
  ): Promise<NetworkOutput> {
    const held = new Held();
    try {
      let hidden = await encodeText(sequences, held, options);
      options.watch?.("text_encoder", hidden);
      const features = photo instanceof Promise ? await photo : photo;
      const outputs: Tensor[] = [];
      if (features !== null) {
        const { seen, outputs: fromPhoto } = await lookAtPhoto(sequences, hidden, features, held, options);
        options.watch?.("cross_modality", seen);
        held.free(hidden);
        hidden = seen;
        outputs.push(...fromPhoto);
      }
      const aware = held.hold(attendLabels(existence, hidden, sequences.rows));
      options.watch?.("existence", aware);
      outputs.unshift(held.hold(linear(aware, textHeads)));
      // Everything comes back in one piece: each read-back waits for the device once more.
      const sizes = outputs.map((output) => output.size);
      const joined = held.hold(tidy(() => concat(outputs.map((output) => reshape(output, [output.size])))));
      held.free(...outputs);
      const reading = joined.data() as Promise<Float32Array>;
      return readOutput(await (options.wait ? options.wait(reading) : reading), sizes, sequences);
    } finally {
      held.end();
    }
  }

  return { config, encodeImage, run, dispose: () => loader.dispose() };
}
