// Reads a safetensors file out of its bytes: length of the header, the header as JSON, the numbers. Runs in Chromium too.

export interface PlainTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

export function parseSafetensors(bytes: ArrayBuffer): Map<string, PlainTensor> {
  const headerLength = Number(new DataView(bytes).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.slice(8, 8 + headerLength))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, PlainTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [from, to] = entry.data_offsets;
    const data = bytes.slice(8 + headerLength + from, 8 + headerLength + to);
    if (entry.dtype !== "F32" && entry.dtype !== "I32") throw new Error(`${name} is ${entry.dtype}`);
    tensors.set(name, {
      shape: entry.shape,
      values: entry.dtype === "F32" ? new Float32Array(data) : new Int32Array(data),
    });
  }
  return tensors;
}
