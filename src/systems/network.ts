// A system's network on the current backend: built, run, freed. What the engine, the converter and the tests run.
import { tensor4d } from "@tensorflow/tfjs-core";
import { MnerError } from "../core/mner-error.js";
import type { TokenRows } from "../encoders/bert.js";
import { ShapeCollector, WeightLoader, type WeightSource } from "../nn/readers.js";
import { type RunOptions, withScope } from "../nn/tensor-scope.js";
import { disposeTree } from "../nn/tensor-tree.js";
import type { Decoded, DecodeRequest, RowOutput, System, SystemConfig } from "./system.js";

/** What a photo's own part of a network gave, kept on the device for further texts and questions. */
export interface ImageFeatures {
  /** The system's own object of tensors. */
  readonly photo: unknown;
  dispose(): void;
}

export interface Network {
  readonly system: System;
  readonly config: SystemConfig;
  /** Pixels as NHWC [1, S, S, 3], normalised. */
  encodeImage(pixels: Float32Array, options?: RunOptions): Promise<ImageFeatures>;
  /** Features may still be on their way: the text is read meanwhile. */
  run(
    rows: TokenRows,
    features: ImageFeatures | Promise<ImageFeatures> | null,
    options?: RunOptions,
  ): Promise<RowOutput>;
  /** From what the system's collector gave of a text's rows to names. */
  decode(answer: unknown, input: TokenRows, request: DecodeRequest, features: ImageFeatures | null): Decoded;
  dispose(): void;
}

/** Builds the network on the current backend. Weights are read, turned round and uploaded here, once, in slices. */
export async function buildNetwork(
  system: System,
  config: SystemConfig,
  source: WeightSource,
  { pause }: Pick<RunOptions, "pause"> = {},
): Promise<Network> {
  const loader = new WeightLoader(source);
  const net = system.declare(loader, config);
  await loader.load(pause);
  return {
    system,
    config,
    encodeImage: async (pixels, options = {}) => {
      const { image } = config;
      if (image === null) throw new MnerError("internal", `The system ${system.name} was given a photo.`);
      const photo = await withScope(options, async (scope) => {
        const input = await scope.slice(() => tensor4d(pixels, [1, image.size, image.size, 3]));
        return scope.release(await system.encodePhoto(net, input, scope));
      });
      return { photo, dispose: () => disposeTree(photo) };
    },
    run: (rows, features, options = {}) => {
      const photo = features instanceof Promise ? features.then((one) => one.photo) : (features?.photo ?? null);
      return withScope(options, (scope) => system.forward(net, rows, photo, scope));
    },
    decode: (answer, input, request, features) =>
      system.decode(net, config, answer, input, request, features?.photo ?? null),
    dispose: () => loader.dispose(),
  };
}

/** Every weight of such a network, by name and shape, without any of them. */
export function weightShapes(system: System, config: SystemConfig): ShapeCollector {
  const collector = new ShapeCollector();
  system.declare(collector, config);
  return collector;
}
