// Whole small pages whose first result is timed from the navigation on. Each leaves its milliseconds in `globalThis.done`.
import { TWEET } from "./work.js";

const page = (title: string, script: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><script type="module">${script}</script>`;

/** As a page author would write it. */
const product = `
import { createAnalyzer } from "/dist/index.js";
const analyzer = await createAnalyzer({ backend: "wasm" });
await analyzer.analyze({ text: ${JSON.stringify(TWEET)}, image: "/examples/china.jpg" });
globalThis.done = performance.now();`;

/** Two models; tokenising the text and reading the photo are given to it for nothing. */
const pipeline = `
import { classify, detect, load } from "/onnx.js";
await load(["bert-q8", "yolos-q8"], Number(new URLSearchParams(location.search).get("threads")));
await classify(1, Number(new URLSearchParams(location.search).get("pieces")));
await detect();
globalThis.done = performance.now();`;

export const COLD_PAGES: ReadonlyMap<string, string> = new Map([
  ["/cold-product.html", page("product", product)],
  ["/cold-pipeline.html", page("pipeline", pipeline)],
]);
