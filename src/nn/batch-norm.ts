// Folds a batch norm into the convolution before it: at inference both are one linear map, and the network then has one
// operation less per layer. Worked out in double precision and rounded once.

/** The epsilon of PyTorch's batch norms. */
export const BATCH_NORM_EPSILON = 1e-5;

export interface NormParameters {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
}

/** weight / √(variance + ε), per output channel. */
function scales(norm: NormParameters): Float64Array {
  return Float64Array.from(
    norm.weight,
    (weight, channel) => weight / Math.sqrt(norm.variance[channel]! + norm.epsilon),
  );
}

/** The kernel of the convolution that does both; its first axis is the output channel. */
export function foldWeight(kernel: Float32Array, norm: NormParameters): Float32Array {
  const perChannel = scales(norm);
  const size = kernel.length / perChannel.length;
  return kernel.map((value, index) => value * perChannel[Math.floor(index / size)]!);
}

/** The bias of the convolution that does both. The convolution's own bias, if it has one, is scaled as its kernel is. */
export function foldBias(norm: NormParameters, convolutionBias: Float32Array | null = null): Float32Array {
  const perChannel = scales(norm);
  return norm.bias.map((bias, channel) => {
    const shifted = (convolutionBias?.[channel] ?? 0) - norm.mean[channel]!;
    return bias + shifted * perChannel[channel]!;
  });
}
