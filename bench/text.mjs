// How long the text room takes, without the network: encoding a tweet and four queries, and texts of growing length.
// Run: node bench/text.mjs   (the least of several runs counts; other work on the machine only ever adds)
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, runnerImport } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const { module: stubs } = await runnerImport(`${root}scripts/vite/transformers-stubs.ts`);
const plugins = [stubs.transformersStubs()];

/** The room as it ships: bundled and minified. */
const output = await build({
  configFile: false,
  root,
  logLevel: "error",
  plugins,
  build: { write: false, minify: true, ssr: `${root}src/text/index.ts` },
});
const { code } = output.output[0];
const text = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
console.log(`script: ${code.length} bytes minified, ${gzipSync(code, { level: 9 }).length} gzipped (budget 25,000)`);

const file = (name) => readFileSync(`${root}public/models/mner-qg-mini/${name}`, "utf8");
const files = { "vocab.txt": file("vocab.txt"), "tokenizer_config.json": file("tokenizer_config.json") };
const queries = ["a person", "a place or a country", "a company or a sports team", "something else with a name"].map(
  (query, index) => ({ label: String(index), query }),
);
const tweet =
  "So proud of my sis Amélie Durand 🎻❤️ she's playing w/ the Lyon orchestra tonite! https://t.co/x1 #Lyon 東京 ";

function least(runs, work) {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const begun = performance.now();
    work();
    best = Math.min(best, performance.now() - begun);
  }
  return best;
}

let tokenizer;
console.log(
  `build the tokeniser: ${least(5, () => {
    tokenizer = text.createTokenizer(files);
  }).toFixed(1)} ms`,
);
const encode = (given) => {
  const prepared = text.prepareText(tokenizer, given);
  return { prepared, sequences: text.buildSequences(tokenizer, prepared, queries, { maxPieces: 128 }) };
};
const long = (length) => tweet.repeat(Math.ceil(length / tweet.length)).slice(0, length);
for (const length of [280, 2_000, 25_000, 50_000, 100_000, 200_000]) {
  const given = long(length);
  const encoding = least(length > 10_000 ? 7 : 300, () => encode(given));
  const { prepared, sequences } = encode(given);
  const logits = new Float32Array(sequences.ids.length).map((_, index) => (index % 17) - 12);
  const existence = new Float32Array(sequences.rows);
  const decoding = least(length > 10_000 ? 5 : 100, () =>
    text.decodeSpans(prepared, sequences, queries, { start: logits, end: logits, existence }, { maxSpanWords: 8 }),
  );
  console.log(`${length} characters: encode ${encoding.toFixed(2)} ms, decode ${decoding.toFixed(2)} ms`);
}
