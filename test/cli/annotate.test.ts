// Annotating as it is used: order, error records, formats, threads, and runs that are killed and go on.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mnerQg, start } from "./support/command.js";
import { seededRandom } from "./support/random.js";
import { EAGER_HEADS, writeTinyCheckpoint } from "./support/tiny-checkpoint.js";

let folder: string;
let model: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mner-annotate-"));
  model = join(folder, "model");
  writeTinyCheckpoint(join(folder, "checkpoint"), "tiny-mini", EAGER_HEADS);
  const { status, error } = await mnerQg(["convert", join(folder, "checkpoint"), "--out", model, "--no-self-test"]);
  expect(status, error).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface OutputLine {
  line: number;
  id?: string;
  text?: string;
  entities?: { start: number; end: number; text: string; type: string; score: number }[];
  error?: { code: string; message: string };
  notices?: { code: string; message: string }[];
}

const annotate = (parameters: readonly string[], input = "") =>
  mnerQg(["annotate", ...parameters, "--model", model], input);
const linesOf = (text: string): OutputLine[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as OutputLine);

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("one run", () => {
  it("answers each record in order, whatever the number of threads, and tells failures by its status", async () => {
    const tweets = ["Ada meets London", "NASA sings at the Grammys !", "x", "Ada 👩🏽‍🚀 in London"];
    const input = write(
      "few.jsonl",
      [...tweets.map((text, id) => JSON.stringify({ text, id })), "{broken", '{"text":""}'].join("\n"),
    );
    const single = await annotate([input]);
    expect(single.status, single.error).toBe(1);
    const answers = linesOf(single.out);
    expect(answers.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(answers.map(({ text }) => text)).toEqual([...tweets, undefined, undefined]);
    expect(answers.slice(4).map(({ error }) => error?.code)).toEqual(["input-invalid", "input-invalid"]);
    for (const { text, entities } of answers.slice(0, 4)) {
      expect(entities!.length).toBeGreaterThan(0);
      for (const entity of entities!) expect(text!.slice(entity.start, entity.end)).toBe(entity.text);
    }
    const threaded = await annotate([input, "--jobs", "3"]);
    expect(threaded.out).toBe(single.out);
    const sound = await annotate([write("sound.jsonl", '{"text":"Ada"}\n')]);
    expect(sound.status).toBe(0);
  });

  it("reads CSV and CoNLL and writes them", async () => {
    const csv = write("tweets.csv", 'id,text\n7,"Ada,\nLondon"\n8,"open\n');
    const rows = await annotate([csv, "--format", "csv"]);
    expect(rows.status).toBe(1);
    expect(rows.out).toMatch(/^line,id,start,end,text,type,score,x0,y0,x1,y1,error\n2,7,0,/);
    expect(rows.out).toMatch(/\n4,,,,,,,,,,,Line 4 opens a quote that is never closed\.\n$/);
    const conll = write("tweets.conll", "IMGID:1\nAda\tO\n'\tO\ns\tO\n\nIMGID:2\nNASA\tB-ORG\n");
    const tagged = await annotate([conll, "--format", "conll"]);
    expect(tagged.status).toBe(0);
    expect(tagged.out).toMatch(/^IMGID:1\nAda\t[BI]-\w+\n'\t.*\ns\t.*\n\nIMGID:2\nNASA\tB-\w+\n\n$/);
  });

  it("reads standard input", async () => {
    const { out, status } = await annotate(["-"], '{"text":"Ada"}\n{"text":"London"}\n');
    expect([status, linesOf(out).map(({ text }) => text)]).toEqual([0, ["Ada", "London"]]);
  });

  it("reads a tweet without its photo when that is missing or broken, unless told otherwise, and goes on", async () => {
    mkdirSync(join(folder, "photos"), { recursive: true });
    write("photos/broken.jpg", "this is no photo");
    const images = ["missing.jpg", "../few.jsonl", "https://example.org/a.jpg", "broken.jpg"];
    const input = write(
      "photos.jsonl",
      [...images.map((image) => JSON.stringify({ text: "Ada", image })), '{"text":"last"}'].join("\n"),
    );
    const parameters = [input, "--photos", join(folder, "photos")];
    const strict = await annotate([...parameters, "--strict-photo"]);
    expect(strict.status).toBe(1);
    const codes = linesOf(strict.out).map(({ error }) => error?.code);
    expect(codes.slice(0, 3)).toEqual(["image-unreadable", "input-invalid", "input-invalid"]);
    expect(codes[3]).toMatch(/^image-/);
    expect(codes[4]).toBeUndefined();
    for (const jobs of ["1", "2"]) {
      const lenient = await annotate([...parameters, "--jobs", jobs]);
      expect(lenient.status).toBe(1);
      const answers = linesOf(lenient.out);
      // Names that lead elsewhere stay an error: they are the record's fault, not the photo's.
      expect(answers.map(({ error }) => error?.code)).toEqual([
        undefined,
        "input-invalid",
        "input-invalid",
        undefined,
        undefined,
      ]);
      for (const at of [0, 3, 4]) expect(answers[at]!.entities!.length).toBeGreaterThan(0);
      expect(answers.map(({ notices }) => notices?.some(({ code }) => code.startsWith("image-")) ?? false)).toEqual([
        true,
        false,
        false,
        true,
        false,
      ]);
    }
  });

  it("gives up a record that takes too long, and goes on", async () => {
    const input = write(
      "slow.jsonl",
      [{ text: "! ".repeat(20_000) }, { text: "Ada" }].map((line) => JSON.stringify(line)).join("\n"),
    );
    for (const jobs of ["1", "2"]) {
      const { status, out } = await annotate([input, "--seconds", "0.5", "--jobs", jobs]);
      expect([status, linesOf(out).map(({ error }) => error?.code)]).toEqual([1, ["too-slow", undefined]]);
    }
  });

  it("refuses what it cannot do before it starts", async () => {
    const input = write("one.jsonl", '{"text":"Ada"}\n');
    const existing = write("existing.jsonl", "precious");
    expect((await annotate([input, "--out", existing])).error).toContain("--restart");
    expect(readFileSync(existing, "utf8")).toBe("precious");
    expect((await annotate([join(folder, "nowhere.jsonl")])).error).toContain("(input-unreadable)");
    expect((await annotate([write("what.xyz", "")])).error).toContain("(input-invalid)");
    const noModel = await mnerQg(["annotate", input, "--model", folder]);
    expect([noModel.status, noModel.error.includes("(model-not-found)")]).toEqual([1, true]);
    const otherFormat = await annotate([input, "--out", join(folder, "a.out"), "--format", "xml"]);
    expect(otherFormat.status).toBe(2);
  });
});

describe("a long run", () => {
  const COUNT = 2000;
  /** One line in a hundred is hostile. */
  const HOSTILE = [
    "{broken",
    "\u0000\u0001",
    '{"text":5}',
    '{"image":"x"}',
    `{"text":"${"x".repeat(120_000)}"}`,
    '["a"]',
    "]",
    '{"text":"\\u0000 "',
  ];
  const longInput = (count = COUNT) => {
    const words = ["Ada", "meets", "London", "NASA", "in", "the", "Grammys", "sings", "!", "@", "😀"];
    const random = seededRandom(11);
    const lines = Array.from({ length: count }, (_, index) =>
      index % 100 === 57
        ? random.pick(HOSTILE)
        : JSON.stringify({
            id: index,
            text: Array.from({ length: 2 + random.integer(6) }, () => random.pick(words)).join(" "),
          }),
    );
    return `${lines.join("\n")}\n`;
  };

  /** Bytes that the journal vouches for. */
  const committed = (journal: string): number =>
    existsSync(journal)
      ? Math.max(0, ...[...readFileSync(journal, "utf8").matchAll(/"bytes":(\d+)/g)].map((match) => Number(match[1])))
      : 0;

  it("that is killed three times at random moments has each record once, in order", { timeout: 600_000 }, async () => {
    const input = write("long.jsonl", longInput());
    const out = join(folder, "long.out.jsonl");
    const parameters = ["annotate", input, "--out", out, "--model", model, "--jobs", "2"];
    const random = seededRandom(Date.now() & 0xffff);
    const sizes: number[] = [];
    for (let kill = 0; kill < 3; kill++) {
      const running = start(parameters);
      const before = sizes.at(-1) ?? 0;
      // Random, but not before something new is vouched for: a run killed too early would prove nothing.
      while (committed(`${out}.journal`) <= before) await wait(20);
      await wait(random.integer(300));
      running.child.kill("SIGKILL");
      await running.outcome;
      expect(existsSync(out)).toBe(false);
      sizes.push(committed(`${out}.journal`));
    }
    const last = await mnerQg(parameters);
    expect(last.status, last.error).toBe(1);
    expect(last.error).toContain("Going on after");
    const answers = linesOf(readFileSync(out, "utf8"));
    expect(answers.map(({ line }) => line)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
    for (const [index, { id, error }] of answers.entries()) {
      expect(error === undefined).toBe(index % 100 !== 57);
      if (error === undefined) expect(id).toBe(String(index));
    }
    for (const ending of ["part", "journal", "lock"]) expect(existsSync(`${out}.${ending}`)).toBe(false);
    // The same as a run that nobody disturbed.
    const undisturbed = await annotate([input, "--out", join(folder, "undisturbed.jsonl"), "--jobs", "2"]);
    expect(undisturbed.status).toBe(1);
    expect(readFileSync(join(folder, "undisturbed.jsonl"), "utf8")).toBe(readFileSync(out, "utf8"));
  });

  it("is not disturbed by a second one on the same output, nor by one from standard input", async () => {
    const input = write("shared.jsonl", longInput(300));
    const out = join(folder, "shared.out.jsonl");
    const first = start(["annotate", input, "--out", out, "--model", model]);
    while (!existsSync(`${out}.part`)) await wait(20);
    const others = await Promise.all([
      annotate([input, "--out", out]),
      annotate([input, "--out", out, "--restart"]),
      annotate(["-", "--out", out], '{"text":"Ada"}\n'),
      annotate([input, "--out", input, "--restart"]),
    ]);
    for (const { status, error } of others)
      expect([status, error]).toEqual([1, expect.stringContaining("(output-unwritable)")]);
    const { status, error } = await first.outcome;
    expect(status, error).toBe(1);
    expect(linesOf(readFileSync(out, "utf8")).length).toBe(300);
    expect(readFileSync(input, "utf8")).toBe(longInput(300));
  });

  it("that is asked to stop keeps what it has, says so, and goes on later", async () => {
    const input = write("stopped.jsonl", longInput(300));
    const out = join(folder, "stopped.out.jsonl");
    const parameters = ["annotate", input, "--out", out, "--model", model];
    const running = start(parameters);
    while (!existsSync(`${out}.part`) || statSync(`${out}.part`).size === 0) await wait(20);
    running.child.kill("SIGINT");
    const stopped = await running.outcome;
    expect(stopped.status).toBe(130);
    const kept = Number(/Stopped after (\d+) records/.exec(stopped.error)?.[1]);
    expect(kept).toBeGreaterThan(0);
    expect(linesOf(readFileSync(`${out}.part`, "utf8")).length).toBe(kept);
    const changed = await mnerQg([...parameters, "--threshold", "0.9"]);
    expect(changed.error).toContain("--restart");
    const last = await mnerQg(parameters);
    expect(last.error).toContain(`Going on after ${kept} records`);
    expect(linesOf(readFileSync(out, "utf8")).length).toBe(300);
  });
});
