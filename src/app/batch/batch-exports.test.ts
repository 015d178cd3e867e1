// What the page saves is what `mner-qg annotate` writes, byte by byte, whatever stands in tweets, names and messages.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AnsweredRecord, OUTPUT_WRITERS } from "../../cli/annotate/output-formats.js";
import type { AnalysisResult, Entity } from "../../core/results.js";
import type { CorpusRecord } from "../../corpus/index.js";
import { writeBatch } from "./batch-exports.js";
import { type BatchRow, newRow } from "./batch-row.js";

const hostile = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom('a "quoted", comma;\r\nline', "=1+1", "\u2028x", "IMGID:7", "O\tB-PER", "日本 語", "🙂🙂"),
);
const score = fc.double({ min: 0, max: 1, noNaN: true });
const box = fc
  .tuple(score, score, score, score)
  .map((sides) => sides.map((side) => side * 700) as unknown as Entity["region"]);

function resultOf(text: string): fc.Arbitrary<AnalysisResult> {
  const entity = fc.record({
    span: fc.tuple(fc.nat(text.length), fc.nat(text.length)).map((pair) => pair.sort((a, b) => a - b)),
    type: fc.constantFrom("PER", "LOC", "Own type, quoted"),
    score,
    region: fc.option(fc.record({ box, score })),
  });
  return fc
    .record({ entities: fc.array(entity, { maxLength: 5 }), exists: score, told: fc.boolean() })
    .map(({ entities, exists, told }) => ({
      text,
      image: { width: 640, height: 480 },
      entities: entities.map(
        ({ span: [start, end], ...rest }) =>
          ({ start, end, text: text.slice(start, end), ...rest }) as unknown as Entity,
      ),
      queries: ["PER", "LOC"].map((type) => ({
        ...{
          type,
          query: type,
          exists,
          region: null,
          notInPhoto: 1,
          alternatives: [],
          imageRelevance: 0,
          attention: null,
        },
      })),
      backend: "wasm",
      model: { name: "m", version: "1" },
      timings: { queued: 0, tokenise: 0, decodeImage: 0, imageTrunk: 0, network: 0, decode: 0, total: 0 },
      notices: told ? [{ code: "image-animated", message: "Only the first picture was read." }] : [],
    }));
}

const tokens = fc.array(fc.stringMatching(/^[\p{L}\p{N}'.,#@-]{1,8}$/u), { minLength: 1, maxLength: 8 });
const record: fc.Arbitrary<CorpusRecord> = fc
  .record({
    line: fc.integer({ min: 1, max: 9999 }),
    text: hostile,
    image: fc.option(hostile),
    id: fc.option(hostile),
    tokens: fc.option(tokens),
    broken: fc.boolean(),
  })
  .map(({ line, text, image, id, tokens: words, broken }) =>
    broken
      ? { line, tweet: null, problem: `Line ${line} is broken.` }
      : {
          line,
          tweet: {
            text: words?.join(" ") ?? text,
            image,
            id,
            ...(words ? { tokens: words, tags: words.map(() => "O") } : {}),
          },
          problem: null,
        },
  );

const row: fc.Arbitrary<BatchRow> = record.chain((made) => {
  const fresh = newRow(made, 0);
  if (made.tweet === null) return fc.constant(fresh);
  return fc.oneof(
    resultOf(made.tweet.text).map((result): BatchRow => ({ ...fresh, status: "done", result })),
    hostile.map((message): BatchRow => ({ ...fresh, status: "failed", failure: { code: "text-invalid", message } })),
  );
});

const asAnswered = ({ record: made, result, failure }: BatchRow): AnsweredRecord => ({
  record: made,
  outcome: result ? { result, failure: null } : { result: null, failure: failure! },
});

describe.each(["jsonl", "csv", "conll"] as const)("%s", (format) => {
  it("is what the command line writes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 4 }), async (rows) => {
        const writer = OUTPUT_WRITERS[format];
        const expected = writer.header + rows.map((made) => writer.format(asAnswered(made))).join("");
        expect(await writeBatch(rows, format).text()).toBe(
          new TextDecoder().decode(new TextEncoder().encode(expected)),
        );
      }),
    );
  });

  it("leaves out what was not read yet", async () => {
    const waiting = newRow({ line: 1, tweet: { text: "later", image: null, id: null }, problem: null }, 0);
    expect(await writeBatch([waiting], format).text()).toBe(OUTPUT_WRITERS[format].header);
  });
});
