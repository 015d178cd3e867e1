// The readers give every record of a well-formed file and lose only what is broken, however the bytes arrive.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isMnerError } from "../core/mner-error.js";
import { normaliseTag } from "./conll.js";
import { type Line, splitLines } from "./lines.js";
import { formatOf, readCorpus } from "./read-corpus.js";
import type { CorpusFormat, CorpusRecord } from "./record.js";

const encode = (text: string) => new TextEncoder().encode(text);

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const read = (source: string | Uint8Array, format: CorpusFormat, pieces = 7): Promise<CorpusRecord[]> =>
  collect(readCorpus(inPieces(typeof source === "string" ? encode(source) : source, pieces), format));

const texts = (records: readonly CorpusRecord[]) => records.map(({ tweet, problem }) => tweet?.text ?? problem);

describe("lines", () => {
  it("are the same however the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: "binary", maxLength: 12 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 9 }),
        async (parts, size) => {
          const wanted = parts.map((part) => part.replace(/[\r\n\ufeff]/g, ""));
          const lines: Line[] = await collect(
            splitLines(inPieces(encode(wanted.map((part) => `${part}\r\n`).join("")), size)),
          );
          expect(lines.map((line) => line.text)).toEqual(wanted);
          expect(lines.map((line) => line.number)).toEqual(wanted.map((_, index) => index + 1));
        },
      ),
      { numRuns: 30 },
    );
  });

  it("report a line that is too long or not UTF-8, and go on", async () => {
    const bytes = new Uint8Array([...encode("one\n"), 0xff, 0x0a, ...encode(`${"x".repeat(50)}\nlast`)]);
    const lines = await collect(splitLines(inPieces(bytes, 3), 20));
    expect(lines.map((line) => line.problem)).toEqual([null, "is not UTF-8 text", "is longer than 20 bytes", null]);
    expect(lines.at(-1)!.text).toBe("last");
  });
});

describe("names of photos", () => {
  it("are refused when no file could be called so", async () => {
    const long = "\u0315\u0300".repeat(50_000);
    const csv = await read(`text,image\nAda,${long}\nBob,b.jpg\n`, "csv", 65_536);
    expect(csv.map(({ problem }) => problem)).toEqual([expect.stringContaining("100000 characters"), null]);
    const json = await read(JSON.stringify({ text: "Ada", id: long }), "jsonl", 65_536);
    expect(json[0]?.problem).toContain("100000 characters");
    const conll = await read(`IMGID:${long}\nAda\tO\n`, "conll", 65_536);
    expect(conll[0]?.problem).toContain("100000 characters");
  });
});

describe("JSON lines", () => {
  it("reads text, image and id, and reports broken lines by number", async () => {
    const records = await read(
      [
        '\ufeff{"text":"Ada in London","image":"a.jpg","id":7}',
        "",
        "{broken",
        '["text"]',
        '{"image":"b.jpg"}',
        '{"text":"  "}',
        '{"text":"x","image":5}',
        '{"text":"last","image":""}',
      ].join("\r\n"),
      "jsonl",
    );
    expect(records[0]!.tweet).toEqual({ text: "Ada in London", image: "a.jpg", id: "7" });
    expect(texts(records).slice(1)).toEqual([
      "Line 3 is not valid JSON.",
      "Line 4 is not a JSON object.",
      'Line 5 has no "text".',
      "Line 6 has no text.",
      'Line 7 has an "image" that is not a file name.',
      "last",
    ]);
    expect(records.at(-1)!.tweet!.image).toBeNull();
  });

  it("takes no text from a prototype", async () => {
    expect(texts(await read('{"__proto__":{"text":"inherited"}}', "jsonl"))).toEqual(['Line 1 has no "text".']);
  });
});

describe("CSV", () => {
  it("reads back whatever RFC 4180 can quote", async () => {
    const field = fc
      .string({ unit: fc.constantFrom("a", '"', ",", "\n", ";", " ", "é", "😀") })
      .filter((text) => text.trim() !== "");
    await fc.assert(
      fc.asyncProperty(fc.array(field), fc.integer({ min: 1, max: 5 }), async (fields, pieces) => {
        const rows = fields.map((text, index) => `${index},"${text.replaceAll('"', '""')}",p.jpg\r\n`);
        const records = await read(`id,text,image\r\n${rows.join("")}`, "csv", pieces);
        expect(records.map((record) => record.tweet)).toEqual(
          fields.map((text, index) => ({ text, image: "p.jpg", id: String(index) })),
        );
      }),
    );
  });

  it("finds columns by name and the separator by the header", async () => {
    expect((await read("\n Photo ;TEXT\nx.png;Hello, you\n", "csv"))[0]!.tweet).toEqual({
      text: "Hello, you",
      image: "x.png",
      id: null,
    });
    expect((await read("text\tid\nHi\t3", "csv"))[0]!.tweet).toEqual({ text: "Hi", image: null, id: "3" });
  });

  it("loses only the row that is broken", async () => {
    const records = await read('id,text\n1,one\n2,"open\n3,three\n4\n5,"a"b\n6,a"b\n7,seven\n', "csv");
    expect(texts(records)).toEqual([
      "one",
      "Line 3 opens a quote that is never closed.",
      "three",
      "Line 5 has 1 fields instead of 2.",
      "Line 6 has text after a closing quote.",
      "Line 7 has a quote inside a field that is not quoted.",
      "seven",
    ]);
  });

  it("does not let an open quote eat a long file, nor hold it in memory", async () => {
    let given = 0;
    async function* lines(): AsyncGenerator<Uint8Array> {
      yield encode('id,text\n"open,x\n');
      for (; given < 1000; given++) yield encode(`${given},row ${given}\n`);
    }
    const records: CorpusRecord[] = [];
    let givenAtFirst = 0;
    for await (const record of readCorpus(lines(), "csv")) {
      if (records.length === 0) givenAtFirst = given;
      records.push(record);
    }
    expect(records.filter((record) => record.tweet !== null).length).toBe(1000);
    expect(givenAtFirst).toBeLessThan(300);
  });

  it("refuses a file without a text column, or an empty one", async () => {
    for (const source of ["", "a,b\n1,2\n"]) {
      const error = await read(source, "csv").catch((reason: unknown) => reason);
      expect(isMnerError(error) && error.code).toBe("input-invalid");
    }
  });
});

describe("CoNLL", () => {
  it("joins tokens, maps types and keeps the image's id", async () => {
    const records = await read(
      "IMGID:12\nIt\tO\n'\tO\ns\tO\n#\tO\nNASA\tB-ORG\n\nIMGID:13\nCup\tB-MISC\n\u00a0\tO\nfinal\tI-MISC\nxyz\tB-food\n",
      "conll",
    );
    expect(records[0]!.tweet).toEqual({
      text: "It's #NASA",
      image: "12",
      id: "12",
      tokens: ["It", "'", "s", "#", "NASA"],
      tags: ["O", "O", "O", "O", "B-ORG"],
    });
    expect(records[1]!.tweet!.tags).toEqual(["B-OTHER", "I-OTHER", "O"]);
    expect(records[1]!.line).toBe(8);
  });

  it("reads columns parted by spaces, tokens without tags, and documents' marks", async () => {
    const records = await read(
      "-DOCSTART- -X- O O\n\nAda NNP I-NP B-PER\nslept VBD I-VP O\n\nUntagged\nwords\n",
      "conll",
    );
    expect(texts(records)).toEqual(["Ada slept", "Untagged words"]);
    expect(records[0]!.tweet!.tags).toEqual(["B-PER", "O"]);
  });

  it("loses only the tweet with the broken line", async () => {
    const bad = new Uint8Array([...encode("a\tO\nb\tS-PER\n\nc\tO\n\nd\tO\n"), 0xff, ...encode("\tO\n\ne\tO\n")]);
    expect(texts(await read(bad, "conll"))).toEqual([
      "Line 1 holds line 2, whose tag is none of O, B-… and I-….",
      "c",
      "Line 6 holds line 7, which is not UTF-8 text.",
      "e",
    ]);
  });

  it("knows the types of other corpora", () => {
    expect(["B-MISC", "I-person", "B-creative-work", "B-toString", "O"].map(normaliseTag)).toEqual([
      "B-OTHER",
      "I-PER",
      "B-OTHER",
      "O",
      "O",
    ]);
  });
});

describe("any reader", () => {
  it("survives any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom<CorpusFormat>("jsonl", "csv", "conll"),
        async (bytes, format) => {
          const source = format === "csv" ? new Uint8Array([...encode("id,text\n"), ...bytes]) : bytes;
          for (const { tweet, problem } of await read(source, format)) expect(tweet === null).toBe(problem !== null);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is chosen by the name's ending", () => {
    expect(["a.jsonl", "b.CSV", "c.tsv", "d.conll", "e.txt"].map(formatOf)).toEqual([
      "jsonl",
      "csv",
      "csv",
      "conll",
      "conll",
    ]);
    expect(() => formatOf("noending")).toThrow(/jsonl/);
  });
});
