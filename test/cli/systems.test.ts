// Several systems as the command line meets them: add-ons made over a base, and one table of all of them.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModelFolder } from "../../src/model/node.js";
import { FIXTURES, readSafetensors } from "../support/golden.js";
import { ADD_ONS, writeTinyAddOns } from "../support/tiny-add-ons.js";
import { mnerQg } from "./support/command.js";

const TWEETS = [
  ["Ada B-PER", "meets O", "John B-PER", "in O", "Paris B-LOC"],
  ["names O", "of O", "the O", "new B-ORG", "york I-ORG"],
  ["John B-PER", "and O", "Ana B-PER", "Lima I-PER", "in O", "York B-LOC"],
  ["person O", "location O"],
];
let folder: string;
let models: string;
let model: string;
let gold: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mner-systems-"));
  models = join(folder, "models");
  model = join(models, "mner-qg-mini");
  gold = join(folder, "gold.conll");
  await writeTinyAddOns(models);
  writeFileSync(
    gold,
    TWEETS.map((tokens, at) => `IMGID:${at}\n${tokens.map((t) => t.replace(" ", "\t")).join("\n")}\n`).join("\n"),
  );
  mkdirSync(join(folder, "photos"));
  for (const [at, g] of [20, 140, 220].entries()) {
    const create = { width: 64, height: 48, channels: 3 as const, background: { r: 250 - g, g, b: 90 } };
    await sharp({ create })
      .png()
      .toFile(join(folder, "photos", `${at}.png`));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("evaluate --systems", () => {
  it("puts all systems into one table, with intervals, differences and columns for photos", async () => {
    const given = [
      "evaluate",
      "--gold",
      gold,
      "--model",
      model,
      "--systems",
      "all",
      "--photos",
      join(folder, "photos"),
    ];
    const { status, out, error } = await mnerQg([...given, "--json"]);
    expect(status, error).toBe(0);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ missing: [], failed: 0, broken: 0 });
    expect(report.columns.map((c: { column: string }) => c.column)).toEqual(["no photo", "own photo", "wrong photo"]);
    const names = [...ADD_ONS, "mner-qg"].sort();
    for (const { systems, differences, tweets } of report.columns) {
      expect(tweets).toBe(4);
      expect(systems.map(({ system }: { system: string }) => system).sort()).toEqual(names);
      for (const { f1, interval, gold: wanted } of systems) {
        expect(wanted).toBe(7);
        expect(interval[0]).toBeLessThanOrEqual(f1);
        expect(interval[1]).toBeGreaterThanOrEqual(f1);
      }
      expect(differences).toHaveLength((names.length * (names.length - 1)) / 2);
      for (const { p } of differences) expect(p).toBeLessThanOrEqual(1);
    }
    // The last tweet has no photo of its own, and gets another's.
    expect(report.columns.map((c: { withoutPhoto: number }) => c.withoutPhoto)).toEqual([4, 1, 0]);
    // Without a photo a tagger is BERT+CRF, name by name.
    const [{ systems, differences }] = report.columns;
    const of = (name: string) => systems.find(({ system }: { system: string }) => system === name);
    for (const name of ["basic-model", "mm-ner-model", "umt", "umgf"]) {
      expect({ ...of(name), system: "" }).toEqual({ ...of("bert-crf"), system: "" });
      const pair = differences.find(
        (d: { one: string; other: string }) => [d.one, d.other].sort().join() === [name, "bert-crf"].sort().join(),
      );
      expect([pair.onlyOneRight, pair.onlyOtherRight, pair.p]).toEqual([0, 0, 1]);
    }
    expect(of("bert-crf").predicted).toBeGreaterThan(0);

    const markdown = await mnerQg([...given.slice(0, 5), "--systems", "bert-crf,umt", "--format", "markdown"]);
    expect(markdown.out).toMatch(
      /^\| system \| F1, no photo \| 95 % \|\n\| --- \| ---: \| ---: \|\n\| bert-crf \| \d+\.\d\d \|/,
    );
    expect(markdown.out).toContain("| bert-crf – umt |");
    const text = await mnerQg([...given.slice(0, 5), "--systems", "bert-crf,umt"]);
    expect(text.out).toContain("No photos were given");
    expect(text.out).toContain(Number(of("umt").f1).toFixed(2));
  });

  it("refuses systems that it does not know or that are not there, and says which are left out of all", async () => {
    const bare = join(folder, "bare", "mner-qg-mini");
    cpSync(model, bare, { recursive: true });
    const evaluate = (systems: string) => mnerQg(["evaluate", "--gold", gold, "--model", bare, "--systems", systems]);
    const unknown = await evaluate("umt,later");
    expect([
      unknown.status === 0,
      unknown.error.includes("(option-invalid)"),
      unknown.error.includes("prompt-mner"),
    ]).toEqual([false, true, true]);
    expect((await evaluate("umt")).error).toContain("(model-not-found)");
    const all = await evaluate("all");
    expect(all.status).toBe(0);
    expect(all.out).toContain("left out: basic-model, bert-crf");
  });
});

describe("convert --base", () => {
  /** A tagger's checkpoint: all that the tiny model has not, and deltas on one of its matrices. */
  function checkpoint(name: string, vocabulary: Uint8Array): string {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    const own = [...readSafetensors(`${FIXTURES}golden-tiny-bert-crf/model.safetensors`)].filter(([weight]) =>
      /^(?:tagger|crf)\./.test(weight),
    );
    const delta = (kind: string, shape: number[]) =>
      [
        `text_encoder.layers.0.attention.query.low_rank.${kind}`,
        { shape, values: new Float32Array(64).fill(0.25) },
      ] as const;
    const tensors = [...own, delta("down", [2, 32]), delta("up", [32, 2])];
    let at = 0;
    const header: Record<string, unknown> = {};
    for (const [weight, { shape, values }] of tensors) {
      header[weight] = { dtype: "F32", shape, data_offsets: [at, at + 4 * values.length] };
      at += 4 * values.length;
    }
    const json = Buffer.from(JSON.stringify(header));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(json.length));
    const data = tensors.map(([, { values }]) => Buffer.from(Float32Array.from(values).buffer));
    writeFileSync(join(path, "model.safetensors"), Buffer.concat([size, json, ...data]));
    cpSync(`${FIXTURES}golden-tiny-bert-crf/config.json`, join(path, "config.json"));
    writeFileSync(join(path, "vocab.txt"), vocabulary);
    return path;
  }

  it("writes only what the base has not, tests itself over it, and is read back as a whole", async () => {
    const made = checkpoint("tagger", readFileSync(join(model, "vocab.txt")));
    const out = join(models, "systems", "made");
    const { status, error } = await mnerQg(["convert", made, "--out", out, "--base", model]);
    expect(status, error).toBe(0);
    const { manifest, weights } = await loadModelFolder(out);
    expect(manifest.base?.path).toBe("../../mner-qg-mini/");
    expect(manifest.selfTest).not.toBeNull();
    expect(manifest.tensors.map(({ name }) => name).filter((name) => !/^(?:tagger|crf)\./.test(name))).toEqual([
      "text_encoder.layers.0.attention.query.low_rank.down",
      "text_encoder.layers.0.attention.query.low_rank.up",
    ]);
    expect(manifest.tokenizer.files).toEqual([]);
    expect(weights.has("text_encoder.layers.1.norm.weight") || weights.names.length > 30).toBe(true);
  });

  it("refuses a base that reads text otherwise", async () => {
    const other = checkpoint("other", new TextEncoder().encode("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n"));
    const { status, error } = await mnerQg([
      "convert",
      other,
      "--out",
      join(models, "systems", "other"),
      "--base",
      model,
    ]);
    expect(status).not.toBe(0);
    expect(error).toContain("(input-invalid)");
  });
});
