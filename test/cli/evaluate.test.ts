// Evaluation as it is used: the scores are those of what annotate finds in the same tweets, and the JSON has the promised form.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scoreSpans, spansFromTags } from "../../src/metrics/index.js";
import { mnerQg } from "./support/command.js";
import { seededRandom } from "./support/random.js";
import { EAGER_HEADS, writeTinyCheckpoint } from "./support/tiny-checkpoint.js";

let folder: string;
let model: string;
let gold: string;

const WORDS = ["Ada", "meets", "NASA", "in", "London", "#", "Grammys", "'", "s", "!", "@ada", "http://t.co/a"];

/** Random tags, some of them I- without B-: scores of all kinds come out, none of them trivial. */
function makeGold(): string {
  const random = seededRandom(5);
  const tags = ["O", "O", "O", "B-PER", "I-PER", "B-LOC", "B-ORG", "I-MISC"];
  const tweets = Array.from({ length: 40 }, (_, index) => {
    const lines = Array.from({ length: 3 + random.integer(8) }, () => `${random.pick(WORDS)}\t${random.pick(tags)}\n`);
    return `IMGID:${index}\n${lines.join("")}`;
  });
  return tweets.join("\n");
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mner-evaluate-"));
  model = join(folder, "model");
  gold = join(folder, "gold.conll");
  writeFileSync(gold, makeGold());
  writeTinyCheckpoint(join(folder, "checkpoint"), "tiny-mini", EAGER_HEADS);
  const { status, error } = await mnerQg(["convert", join(folder, "checkpoint"), "--out", model, "--no-self-test"]);
  expect(status, error).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

const evaluate = (...more: string[]) => mnerQg(["evaluate", "--gold", gold, "--model", model, ...more]);

/** Tags of each tweet of a CoNLL file, MISC as OTHER. */
const tagsOf = (conll: string): string[][] =>
  conll
    .split(/\n\n|\n(?=IMGID)/)
    .map((block) =>
      block.split("\n").flatMap((line) => (line.includes("\t") ? [line.split("\t")[1]!.replace("MISC", "OTHER")] : [])),
    )
    .filter((tags) => tags.length > 0);

describe("evaluate", () => {
  it("scores exactly what annotate finds", async () => {
    const { status, out, error } = await evaluate("--json", "--jobs", "2");
    expect(status, error).toBe(0);
    const report = JSON.parse(out);
    const annotated = await mnerQg(["annotate", gold, "--model", model, "--format", "conll"]);
    const found = tagsOf(annotated.out).map((tags) => spansFromTags(tags, "strict"));
    const tags = tagsOf(makeGold());
    expect(found.length).toBe(40);
    const types = ["PER", "LOC", "ORG", "OTHER"];
    for (const mode of ["strict", "lenient"] as const) {
      const expected = scoreSpans(
        tags.map((list) => spansFromTags(list, mode)),
        found,
        types,
      );
      expect(report.ner[mode]).toEqual(expected);
    }
    expect(report.ner.strict.correct).toBeGreaterThan(0);
    expect(report.ner.strict.gold).toBeLessThan(report.ner.lenient.gold);
  });

  it("prints one JSON object of the promised form, and nothing else, on standard output", async () => {
    const { out } = await evaluate("--json");
    expect(out.indexOf("\n")).toBe(out.length - 1);
    expect(JSON.parse(out)).toMatchObject({
      tweets: 40,
      ner: {
        strict: { precision: expect.any(Number), perType: { PER: { f1: expect.any(Number) } } },
        lenient: { recall: expect.any(Number) },
      },
      existence: { precision: expect.any(Number), recall: expect.any(Number), f1: expect.any(Number) },
      grounding: null,
      gmner: null,
      eeg: null,
      backend: "wasm",
      model: "checkpoint 1.0.0",
      seconds: expect.any(Number),
    });
  });

  it("prints a table, and scores only the types asked for", async () => {
    const { out, status } = await evaluate("--types", "PER,MISC");
    expect(status).toBe(0);
    expect(out).toMatch(/names, strict +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d/);
    expect(out).toContain("not scored: LOC, ORG");
    expect((await evaluate("--types", "PER,FOOD")).status).toBe(2);
  });

  it("leaves out a broken tweet, says so, and ends with 1", async () => {
    const spoiled = join(folder, "spoiled.conll");
    writeFileSync(spoiled, `Ada\tB-PER\n\nLondon\tX-LOC\n\n${makeGold()}`);
    const { status, out, error } = await mnerQg(["evaluate", "--gold", spoiled, "--model", model, "--json"]);
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ tweets: 41, broken: 1, failed: 0 });
    expect(error).toContain("Line 3 holds line 3");
  });

  it("refuses gold that it cannot use", async () => {
    const empty = join(folder, "empty.conll");
    writeFileSync(empty, "\n\n");
    expect((await mnerQg(["evaluate", "--gold", empty, "--model", model])).error).toContain("(input-invalid)");
    expect((await mnerQg(["evaluate", "--gold", join(folder, "no.conll"), "--model", model])).error).toContain(
      "(input-unreadable)",
    );
    expect((await mnerQg(["evaluate", "--gold", "a.jsonl", "--model", model])).status).toBe(2);
    const boxes = join(folder, "boxes.json");
    writeFileSync(boxes, '{"1":{"width":10,"height":10,"boxes":[{"entity":"Ada","box":[0,0,1]}]}}');
    expect((await evaluate("--boxes", boxes)).status).toBe(2);
    expect((await evaluate("--boxes", boxes, "--photos", folder)).error).toContain("(input-invalid)");
  });
});

/** A photo of one colour: what the random network sees in it does not matter. */
async function paint(name: string, width: number, height: number): Promise<void> {
  const background = { r: 90, g: 140, b: 200 };
  await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toFile(join(folder, "photos", name));
}

describe("boxes", () => {
  beforeAll(async () => {
    mkdirSync(join(folder, "photos"));
    await paint("0.png", 64, 48);
    await paint("1.png", 40, 80);
    writeFileSync(join(folder, "photos", "2.png"), "no photo at all");
  });

  it("are scored where photos are read; missing and broken ones are counted, and their tweets still are for names", async () => {
    const boxes = join(folder, "gold-boxes.json");
    const whole = {
      width: 128,
      height: 96,
      boxes: WORDS.map((entity) => ({ entity, type: "PER", box: [0, 0, 128, 96] })),
    };
    writeFileSync(boxes, JSON.stringify({ "0": whole }));
    const { status, out, error } = await evaluate("--json", "--boxes", boxes, "--photos", join(folder, "photos"));
    expect(status, error).toBe(0);
    const report = JSON.parse(out);
    expect(report.photos).toEqual({ read: 2, missing: 37, broken: 1 });
    expect(report.tweets).toBe(40);
    expect(report.grounding).toMatchObject({ accAt50: expect.any(Number), none: { precision: expect.any(Number) } });
    expect(report.grounding.n).toBeGreaterThan(0);
    // Only names of the two tweets with a photo can be scored with boxes.
    expect(report.gmner.gold).toBeLessThan(report.ner.strict.gold);
    expect(report.eeg.gold).toBe(report.gmner.gold);
    const plain = JSON.parse((await evaluate("--json")).out);
    expect(report.ner.strict.gold).toBe(plain.ner.strict.gold);
  });

  it("of an index are asked for by name, with as many absent names, the same for any number of threads", async () => {
    const index = join(folder, "index.json");
    const photo = (file: string, labels: readonly string[]) => ({
      file,
      width: 64,
      height: 48,
      boxes: labels.map((label) => ({ label, box: [0, 0, 64, 48] })),
    });
    const photos = [photo("0.png", ["person", "dog", "dog"]), photo("1.png", ["cat"]), photo("2.png", ["kite"])];
    writeFileSync(index, JSON.stringify(photos));
    const parameters = [
      "evaluate-grounding",
      "--index",
      index,
      "--photos",
      join(folder, "photos"),
      "--model",
      model,
      "--json",
    ];
    const { status, out, error } = await mnerQg(parameters);
    expect(status, error).toBe(1);
    expect(error).toContain("2.png");
    const report = JSON.parse(out);
    expect(report).toMatchObject({
      person: { n: 1, accAt50: expect.any(Number), meanIou: expect.any(Number) },
      labels: { n: 3, accAt50: expect.any(Number), meanIou: expect.any(Number) },
      none: { auc: expect.any(Number) },
      photos: 3,
      failed: 1,
    });
    const { seconds: _, ...scores } = report;
    const threaded = JSON.parse((await mnerQg([...parameters, "--jobs", "2"])).out);
    expect(threaded).toMatchObject(scores);
    expect((await mnerQg(["evaluate-grounding", "--index", index, "--model", model])).status).toBe(2);
    writeFileSync(index, "[{}]");
    expect((await mnerQg(parameters)).error).toContain("(input-invalid)");
  });
});
