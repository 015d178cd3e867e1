// A photo's features as numbers, so that a network in another thread can use them: the image trunk need run only once.
import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import type { ScaleFeatures } from "./interactions.js";
import type { ImageFeatures } from "./network.js";

interface TensorData {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

type TensorName = Exclude<keyof ScaleFeatures, "grid">;
type ScaleData = { readonly grid: number } & Readonly<Record<TensorName, TensorData>>;

/** Survives structuredClone. */
export type FeatureData = readonly ScaleData[];

/** Reads features back from the device; they stay where they are, too. */
export async function readFeatures({ scales }: ImageFeatures): Promise<FeatureData> {
  return Promise.all(
    scales.map(async ({ grid, ...tensors }) => {
      const read = Object.entries(tensors as Record<TensorName, Tensor>).map(async ([name, one]) => [
        name,
        { shape: one.shape, values: (await one.data()) as Float32Array },
      ]);
      return { grid, ...Object.fromEntries(await Promise.all(read)) } as ScaleData;
    }),
  );
}

/** The same features on this thread's current backend. */
export function makeFeatures(data: FeatureData): ImageFeatures {
  const made: Tensor[] = [];
  const scales = data.map(({ grid, ...tensors }) => {
    const entries = Object.entries(tensors as Record<TensorName, TensorData>).map(([name, { shape, values }]) => {
      const one = tensor(values, [...shape], "float32");
      made.push(one);
      return [name, one];
    });
    return { grid, ...Object.fromEntries(entries) } as ScaleFeatures;
  });
  return { scales, dispose: () => made.forEach((one) => void (one.isDisposed || one.dispose())) };
}
