// Files of every kind that are read, spoiled: manifests, weight shards, checkpoints, corpora, photos.
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import sharp from "sharp";
import { beforeAll, describe } from "vitest";
import { memorySource } from "../../../src/cli/checkpoint/byte-source.js";
import { readCheckpoint } from "../../../src/cli/checkpoint/open-checkpoint.js";
import { type CorpusFormat, readCorpus } from "../../../src/corpus/index.js";
import { loadModel, parseManifest } from "../../../src/model/index.js";
import { IMAGE_LIMITS, readImageHeader } from "../../../src/vision/header.js";
import { exampleManifest } from "../../support/example-manifest.js";
import { exampleFolder } from "../../support/faulty-server.js";
import { expectWhole, QUICK } from "../../support/load-test-tools.js";
import { forgetStoredModels } from "../../support/stored-models.js";
import { arbitraryCorpus } from "../support/arbitrary-corpus.js";
import { spoiledJson } from "../support/arbitrary-json.js";
import { fuzz } from "../support/fuzz.js";
import { attempts } from "../support/ledger.js";
import { spoiled } from "../support/spoiled.js";

const attempt = attempts("1 input");
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const checkpoints = new URL("../../fixtures/checkpoints/", import.meta.url);

let folder: Map<string, Uint8Array>;
let photos: Uint8Array[];

beforeAll(async () => {
  folder = await exampleFolder();
  const raw = { width: 37, height: 23, channels: 3 } as const;
  const picture = sharp(
    Uint8Array.from({ length: 37 * 23 * 3 }, (_, i) => (i * 7919) & 255),
    { raw },
  );
  const files = [picture.clone().png(), picture.clone().jpeg(), picture.clone().webp(), picture.clone().gif()];
  const turned = picture.clone().withMetadata({ orientation: 6 }).jpeg();
  const all = [...files, turned, picture.clone().avif({ effort: 0 })];
  photos = (await Promise.all(all.map((file) => file.toBuffer()))).map((bytes) => new Uint8Array(bytes));
});

/** A PNG that says it has this size, as decompression bombs do. */
function claiming(png: Uint8Array): fc.Arbitrary<Uint8Array> {
  const size = fc.oneof(fc.nat(70_000), fc.nat(0xffffffff));
  return fc.tuple(size, size).map(([width, height]) => {
    const bytes = png.slice();
    new DataView(bytes.buffer).setUint32(16, width);
    new DataView(bytes.buffer).setUint32(20, height);
    return bytes;
  });
}

/** Paths that lead out of the model folder. */
const outside = ["../x.bin", "a/../../x", "/x", "\\\\x", "https://attacker.invalid/x", "%2e%2e/x", ".x", "a/./../x"];

function leading(manifest: Record<string, unknown>, path: string): unknown {
  const [first, ...rest] = manifest.shards as object[];
  return { ...manifest, shards: [{ ...first, path }, ...rest] };
}

describe("fuzzed", () => {
  const manifest = exampleManifest();
  const codes = ["model-manifest-invalid", "model-not-a-model", "model-version-unsupported"];
  attempt("manifests: any value changed, any byte spoiled", () =>
    fuzz({
      name: "manifests",
      arbitrary: fc.oneof(
        spoiledJson(manifest).map((value) => encode(JSON.stringify(value) ?? "")),
        spoiled([encode(JSON.stringify(manifest))]),
        fc.constantFrom(...outside).map((path) => encode(JSON.stringify(leading(manifest, path)))),
        fc.jsonValue().map((formatVersion) => encode(JSON.stringify({ ...manifest, formatVersion }))),
        fc.integer().map((formatVersion) => encode(JSON.stringify({ ...manifest, formatVersion }))),
      ),
      codes,
      seen: [...codes, "read"],
      check: (bytes) => {
        const { shards, tensors } = parseManifest(bytes);
        for (const { path } of shards) if (/^[./\\]|\.\.|:|%/.test(path)) throw new Error(`A path leads out: ${path}`);
        if (tensors.some(({ shape }) => shape.some((size) => !Number.isSafeInteger(size) || size < 0))) {
          throw new Error("A tensor has no size.");
        }
        return "read";
      },
    }),
  );

  attempt("weight shards: verified, or not used", () =>
    fuzz({
      name: "shards",
      cases: { short: 200, long: 11_000 },
      arbitrary: fc
        .constantFrom("weights-0.bin", "weights-3.bin", "vocab.txt")
        .chain((name) => fc.record({ name: fc.constant(name), bytes: spoiled([folder.get(name)!]) })),
      codes: ["model-shard-corrupt", "model-shard-truncated", "model-not-a-model", "model-network"],
      seen: ["model-shard-corrupt", "model-shard-truncated", "whole"],
      check: async ({ name, bytes }) => {
        await forgetStoredModels(null);
        const serve = async (url: string | URL | Request): Promise<Response> => {
          const asked = new URL(String(url)).pathname.split("/").pop()!;
          return new Response((asked === name ? bytes : folder.get(asked)!).slice() as Uint8Array<ArrayBuffer>);
        };
        const rule = { ...QUICK, firstDelayMs: 0, longestDelayMs: 0 };
        const options = { caches: null, retry: rule, fetch: serve as typeof fetch };
        const model = await loadModel("http://model.test/tiny/", options);
        expectWhole(model);
        return "whole";
      },
    }),
  );

  const sound = readdirSync(checkpoints)
    .filter((name) => name.endsWith(".safetensors"))
    .map((name) => new Uint8Array(readFileSync(new URL(name, checkpoints))));
  attempt("checkpoints: spoiled as files", () =>
    fuzz({
      name: "checkpoints",
      arbitrary: spoiled(sound),
      codes: ["checkpoint-truncated", "checkpoint-unsupported"],
      seen: ["checkpoint-truncated", "checkpoint-unsupported", "read"],
      check: (bytes) => {
        for (const tensor of readCheckpoint(memorySource(bytes)).tensors.values()) {
          if (tensor.read().length > bytes.length) throw new Error("A tensor is larger than its file.");
        }
        return "read";
      },
    }),
  );

  for (const format of ["csv", "jsonl", "conll"] as const satisfies readonly CorpusFormat[]) {
    attempt(`corpora: ${format} in pieces of any length`, () =>
      fuzz({
        name: format,
        arbitrary: fc.record({ bytes: arbitraryCorpus(format), size: fc.integer({ min: 1, max: 50 }) }),
        codes: ["input-invalid"],
        seen: ["read"],
        check: async ({ bytes, size }) => {
          async function* pieces(): AsyncGenerator<Uint8Array> {
            for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
          }
          let broken = 0;
          for await (const { tweet, problem, line } of readCorpus(pieces(), format)) {
            if ((tweet === null) === (problem === null)) throw new Error(`Line ${line} is neither read nor refused.`);
            if (tweet === null) broken++;
            else if (typeof tweet.text !== "string" || tweet.text.trim() === "")
              throw new Error("A tweet without text.");
          }
          return broken > 0 ? "read, but for some lines" : "read";
        },
      }),
    );
  }

  attempt("photos: headers of every format", () =>
    fuzz({
      name: "headers",
      arbitrary: fc
        .constant(null)
        .chain(() => fc.oneof(spoiled(photos), claiming(photos[0]!), fc.uint8Array({ maxLength: 300 }))),
      codes: ["image-truncated", "image-unreadable", "image-unsupported", "image-too-large"],
      seen: ["image-truncated", "image-unsupported", "image-too-large", "read"],
      check: (bytes) => {
        const { width, height } = readImageHeader(bytes);
        if (!(width > 0 && height > 0 && width * height <= IMAGE_LIMITS.pixels))
          throw new Error("A size not to believe.");
        return "read";
      },
    }),
  );
});
