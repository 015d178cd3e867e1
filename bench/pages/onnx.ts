// In Chromium: onnxruntime-web, with the graphs of the two-model pipeline or with our own network.
import { pixelsFor, planesFor, sequencesFor } from "./inputs.js";

/** The little that is used of onnxruntime-web; it is loaded from the bench's own packages, not bundled. */
interface Ort {
  readonly env: { wasm: { numThreads: number; wasmPaths: string }; logLevel: string };
  readonly Tensor: new (type: string, data: ArrayBufferView, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(model: string, options: { executionProviders: string[]; graphOptimizationLevel: string }): Promise<Session>;
  };
}
interface OrtTensor {
  readonly data: Float32Array;
  dispose(): void;
}
type Feeds = Record<string, OrtTensor>;
interface Session {
  run(feeds: Feeds): Promise<Feeds>;
}

const ORT = "/ort/ort.wasm.min.mjs";
let ort: Ort;
const sessions = new Map<string, Session>();

export async function load(names: readonly string[], threads: number): Promise<void> {
  ort = (await import(/* @vite-ignore */ ORT)) as Ort;
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = new URL("/ort/", location.href).href;
  ort.env.logLevel = "error";
  for (const name of names) {
    const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all" };
    sessions.set(name, await ort.InferenceSession.create(`/models/${name}.onnx`, options));
  }
}

const whole = (values: ArrayLike<number>, ...dims: number[]): OrtTensor =>
  new ort.Tensor("int64", BigInt64Array.from(values as number[], BigInt), dims);
const real = (values: Float32Array, ...dims: number[]): OrtTensor => new ort.Tensor("float32", values, dims);

async function timed(name: string, feeds: Feeds): Promise<{ ms: number; output: Feeds }> {
  const begun = performance.now();
  const output = await sessions.get(name)!.run(feeds);
  return { ms: performance.now() - begun, output };
}

/** The token classifier over texts of so many pieces, [CLS] and [SEP] included. */
export async function classify(rows: number, length: number, graph = "bert-q8"): Promise<number> {
  const { ids } = sequencesFor(rows, length);
  const flat = (value: number): OrtTensor => whole(new Array(rows * length).fill(value), rows, length);
  const feeds = { input_ids: whole(ids, rows, length), attention_mask: flat(1), token_type_ids: flat(0) };
  return (await timed(graph, feeds)).ms;
}

const [HEIGHT, BREADTH] = [512, 682];
let photo: Float32Array | null = null;

/** The detector over one photo that has already been decoded, scaled and normalised: that time is not counted. */
export async function detect(graph = "yolos-q8"): Promise<number> {
  photo ??= Float32Array.from({ length: 3 * HEIGHT * BREADTH }, (_, at) => ((at * 31) % 255) / 64 - 2);
  return (await timed(graph, { pixel_values: real(photo, 1, 3, HEIGHT, BREADTH) })).ms;
}

let maps: Feeds = {};

export async function encodeImage(size: number): Promise<number> {
  const { ms, output } = await timed("own-image", { pixels: real(planesFor(size), 1, 3, size, size) });
  for (const map of Object.values(maps)) map.dispose();
  maps = output;
  return ms;
}

function ownFeeds(rows: number, length: number): Feeds {
  const { ids, segments, shapes } = sequencesFor(rows, length);
  return {
    ids: whole(ids, rows, length),
    segments: whole(segments, rows, length),
    shapes: whole(shapes, rows, length),
    mask: whole(new Array(rows * length).fill(1), rows, length),
  };
}

export async function run(rows: number, length: number, withPhoto: boolean): Promise<number> {
  const feeds = { ...ownFeeds(rows, length), ...(withPhoto ? maps : {}) };
  return (await timed(withPhoto ? "own-photo" : "own-text", feeds)).ms;
}

export async function answers(rows: number, length: number): Promise<Record<string, number[]>> {
  const { output } = await timed("own-photo", { ...ownFeeds(rows, length), ...maps });
  return Object.fromEntries(["start", "end", "existence", "none"].map((name) => [name, [...output[name]!.data]]));
}

export { pixelsFor };
