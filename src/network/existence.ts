// Existence-aware uni-modality interaction: every token, knowing the global signal e, attends to two learned labels.
import { add, reshape, slice, softmax, type Tensor2D, type Tensor3D, tidy } from "@tensorflow/tfjs-core";
import { linear } from "./operations.js";
import type { Linear, Matrix, WeightLoader } from "./weights.js";

export interface ExistenceAware {
  /** Hidden to the two labels' scores: query projection and label keys in one. */
  readonly scores: Linear;
  /** Label weights to what is added: label values and output projection in one. */
  readonly update: Linear;
}

/** The two labels are constants, so the four matrices of the reference shrink to two thin ones. */
export function loadExistenceAware(loader: WeightLoader, width: number): ExistenceAware {
  const labels = loader.values("existence.labels");
  const [query, key, value, output] = ["query", "key", "value", "output"].map((part) =>
    loader.matrix(`existence.${part}`),
  );
  const keys = apply(labels, key!);
  const values = apply(labels, value!);
  const scale = 1 / Math.sqrt(width);
  const scores = new Float32Array(2 * width);
  const scoreBias = new Float32Array(2);
  for (let label = 0; label < 2; label++) {
    let bias = 0;
    for (let i = 0; i < width; i++) {
      const weight = keys[label * width + i]! * scale;
      bias += query!.bias[i]! * weight;
      for (let input = 0; input < width; input++)
        scores[label * width + input]! += query!.values[i * width + input]! * weight;
    }
    // Half, because the score of a token and that of its sequence's first row are added.
    scoreBias[label] = bias / 2;
  }
  // From label weights to what is added: one column per label.
  const added = apply(values, { ...output!, bias: new Float32Array(width) });
  const update = new Float32Array(width * 2);
  for (let i = 0; i < width; i++) [update[2 * i], update[2 * i + 1]] = [added[i]!, added[width + i]!];
  return {
    scores: loader.linear({ inputs: width, outputs: 2, values: scores, bias: scoreBias }),
    update: loader.linear({ inputs: 2, outputs: width, values: update, bias: output!.bias }),
  };
}

/** Rows through a linear layer, in double precision. */
function apply(rows: ArrayLike<number>, { inputs, outputs, values, bias }: Matrix): Float64Array {
  const count = rows.length / inputs;
  const result = new Float64Array(count * outputs);
  for (let row = 0; row < count; row++) {
    for (let output = 0; output < outputs; output++) {
      let sum = bias[output]!;
      for (let input = 0; input < inputs; input++)
        sum += rows[row * inputs + input]! * values[output * inputs + input]!;
      result[row * outputs + output] = sum;
    }
  }
  return result;
}

/** Every token, knowing the global signal e (the first row of its sequence), attends to «absent» and «present». */
export function attendLabels(layer: ExistenceAware, hidden: Tensor2D, count: number): Tensor2D {
  const rows = hidden.shape[0];
  const length = rows / count;
  return tidy(() => {
    // The query projection is linear, so that of h + e is the sum of both projections.
    const own: Tensor3D = reshape(linear(hidden, layer.scores), [count, length, 2]);
    const global = slice(own, [0, 0, 0], [count, 1, 2]);
    const weights: Tensor2D = reshape(softmax(add(own, global)), [rows, 2]);
    return add(hidden, linear(weights, layer.update));
  });
}
