// What a kernel has to do at least, from its shapes alone: multiplications and additions of its products, and the bytes it
// must read and write once. Everything else (activations, norms, softmax) counts as bytes only.

export interface Shaped {
  readonly shape: readonly number[];
}

export interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

type Inputs = Readonly<Record<string, Shaped | undefined>>;
type Attributes = Readonly<Record<string, unknown>>;

const BYTES = 4;

export const sizeOf = ({ shape }: Shaped): number => shape.reduce((size, side) => size * side, 1);

/** `outputs` may be several: a kernel gives one tensor or a list. */
export function kernelCost(name: string, inputs: Inputs, outputs: readonly Shaped[], given: Attributes = {}): Cost {
  const written = outputs.reduce((sum, output) => sum + sizeOf(output), 0);
  if (FREE.has(name)) return { flops: 0, bytes: 0 };
  const read = Object.values(inputs).reduce((sum, input) => sum + (input ? sizeOf(input) : 0), 0);
  return { flops: 2 * products(name, inputs, written, given), bytes: BYTES * (read + written) };
}

/** They only give another name to the same numbers. */
const FREE: ReadonlySet<string> = new Set(["Reshape", "Identity"]);

/** Multiplications, each with its addition. */
function products(name: string, inputs: Inputs, written: number, given: Attributes): number {
  const { a, filter, query, key } = inputs;
  switch (name) {
    case "_FusedMatMul":
    case "BatchMatMul": {
      const inner = a!.shape.at(given.transposeA ? -2 : -1)!;
      return written * inner;
    }
    case "MnerLinear":
    case "MnerLinear16":
      return written * (given.inputs as number);
    case "FusedConv2D":
    case "Conv2D": {
      const [height, width, channels] = filter!.shape as [number, number, number];
      return written * height * width * channels;
    }
    case "FusedDepthwiseConv2D":
    case "DepthwiseConv2dNative":
    case "MnerDepthwise": {
      const [height, width] = filter!.shape as [number, number];
      return written * height * width;
    }
    case "MnerAttention": {
      const keys = key!.shape[0]! / (given.batch as number);
      return 2 * query!.shape[0]! * keys * (given.width as number);
    }
    default:
      return 0;
  }
}
