// Every record becomes exactly one piece of output in each format, and a stranger's text stays in its field.
import { describe, expect, it } from "vitest";
import { parseRow } from "./csv.js";
import { readCorpus } from "./read-corpus.js";
import type { CorpusRecord, Tweet } from "./record.js";
import { ANSWER_FORMATS, ANSWER_WRITERS, type AnsweredRecord, type WrittenResult } from "./write-answers.js";

type Entity = WrittenResult["entities"][number];

function answered(tweet: Tweet, entities: readonly Entity[]): AnsweredRecord {
  const result: WrittenResult = { image: null, entities, queries: [], notices: [] };
  return { record: { line: 4, tweet, problem: null }, outcome: { result, failure: null } };
}

const failed: AnsweredRecord = {
  record: { line: 9, tweet: null, problem: "Line 9 is not valid JSON." },
  outcome: { result: null, failure: { code: "input-invalid", message: "Line 9 is\nnot valid JSON." } },
};

const tweet: Tweet = { text: 'Ada, "the first",\nin London', image: "a.jpg", id: "7" };
const entity = (start: number, end: number, type: string, score: number, region: Entity["region"] = null): Entity => ({
  start,
  end,
  text: tweet.text.slice(start, end),
  type,
  score,
  region,
});
const ada = entity(0, 3, "PER", 0.98765, { box: [1.04, 2, 3, 4.26], score: 0.5 });
const london = entity(21, 27, "LOC", 0.5);

async function readAll(text: string): Promise<CorpusRecord[]> {
  async function* bytes() {
    yield new TextEncoder().encode(text);
  }
  const records: CorpusRecord[] = [];
  for await (const record of readCorpus(bytes(), "conll")) records.push(record);
  return records;
}

describe.each(ANSWER_FORMATS)("%s", (format) => {
  it("lets no control character through to a terminal", () => {
    const all = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).join("x");
    const hostile: Tweet = { text: all, image: all, id: all };
    const one = { start: 0, end: all.length, text: all, type: all, score: 1, region: null };
    const failure = { code: "internal", message: all };
    const written = [
      ANSWER_WRITERS[format].format(answered(hostile, [one]), 0),
      ANSWER_WRITERS[format].format(
        { record: { line: 1, tweet: hostile, problem: null }, outcome: { result: null, failure } },
        1,
      ),
      ANSWER_WRITERS[format].format(answered({ ...hostile, tokens: [...all] }, [one]), 2),
    ].join("");
    expect(
      [...written].filter(
        (character) => character !== "\n" && character !== "\t" && character !== "\r" && /\p{Cc}/u.test(character),
      ),
    ).toEqual([]);
  });
});

describe("JSON lines", () => {
  it("hold the record and its names on one line", () => {
    const line = ANSWER_WRITERS.jsonl.format(answered(tweet, [ada]), 0);
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({
      line: 4,
      id: "7",
      text: tweet.text,
      image: "a.jpg",
      entities: [{ start: 0, end: 3, text: "Ada", type: "PER", score: 0.9877, box: [1, 2, 3, 4.3], boxScore: 0.5 }],
      exists: {},
    });
    expect(JSON.parse(ANSWER_WRITERS.jsonl.format(failed, 0))).toEqual({ line: 9, error: failed.outcome.failure });
  });
});

describe("CSV", () => {
  const rowsOf = (text: string) => text.split(/\n(?=[49],)|\n$/).filter((row) => row !== "");
  it("has as many fields in every row as the header names", () => {
    const fields = ANSWER_WRITERS.csv.header.trim().split(",").length;
    const awkward = entity(0, 16, "a,b", 1);
    for (const record of [answered(tweet, []), answered(tweet, [ada, awkward]), failed]) {
      for (const row of rowsOf(ANSWER_WRITERS.csv.format(record, 0))) {
        const parsed = parseRow(row, ",");
        expect(parsed !== null && "fields" in parsed && parsed.fields.length).toBe(fields);
      }
    }
    expect(rowsOf(ANSWER_WRITERS.csv.format(answered(tweet, []), 0))).toEqual(["4,7,,,,,,,,,,"]);
    expect(ANSWER_WRITERS.csv.format(answered(tweet, [awkward]), 0)).toContain('"Ada, ""the first"""');
    expect(ANSWER_WRITERS.csv.format(answered(tweet, [entity(5, 9, "PER", 1)]), 0)).toContain(',"""the",');
  });
});

describe("CoNLL", () => {
  it("tags words, and tokens where the input had some", () => {
    expect(ANSWER_WRITERS.conll.format(answered(tweet, [ada, london]), 0)).toBe(
      'IMGID:a.jpg\nAda\tB-PER\n,\tO\n"\tO\nthe\tO\nfirst\tO\n"\tO\n,\tO\nin\tO\nLondon\tB-LOC\n\n',
    );
    const tokens = ["It", "'", "s", "New", "York"];
    const joined: Tweet = { text: "It's New York", image: null, id: null, tokens };
    const name: Entity = { start: 5, end: 13, text: "New York", type: "LOC", score: 1, region: null };
    expect(ANSWER_WRITERS.conll.format(answered(joined, [name]), 0)).toBe(
      "It\tO\n'\tO\ns\tO\nNew\tB-LOC\nYork\tI-LOC\n\n",
    );
  });

  it("gives an overlapped token to the surer name", () => {
    const text = ANSWER_WRITERS.conll.format(answered(tweet, [entity(0, 15, "OTHER", 0.4), ada]), 0);
    expect(text).toContain("Ada\tB-PER\n,\tO");
  });

  it("gives back the tokens it was given, whatever they look like", async () => {
    for (const token of ["IMGID:7", "-DOCSTART-", "#", "IMGID:"]) {
      const text = `   ${token}\tO\nAda\tB-PER\n\n`;
      const [read] = await readAll(text);
      expect(read?.tweet?.tokens).toEqual([token, "Ada"]);
      const written = ANSWER_WRITERS.conll.format(answered(read!.tweet!, []), 0);
      expect(
        (await readAll(written)).map((record) => record.tweet?.tokens),
        written,
      ).toEqual([[token, "Ada"]]);
    }
  });

  it("leaves a failure out, as a comment could not be told from a hashtag", () => {
    expect(ANSWER_WRITERS.conll.format(failed, 0)).toBe("");
  });

  it("keeps the id of a tweet that has no photo", () => {
    expect(ANSWER_WRITERS.conll.format(answered({ ...tweet, image: null }, []), 0)).toMatch(/^IMGID:7\nAda\tO\n/);
  });
});
