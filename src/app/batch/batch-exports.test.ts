// What the page saves holds every row that was answered, by the writer of `mner-qg annotate`, and no other row.
import { describe, expect, it } from "vitest";
import type { AnalysisResult } from "../../core/results.js";
import { ANSWER_FORMATS, ANSWER_WRITERS } from "../../corpus/index.js";
import { writeBatch } from "./batch-exports.js";
import { type BatchRow, newRow } from "./batch-row.js";

const tweet = { text: "Ada in London", image: null, id: "7" };
const result = {
  text: tweet.text,
  image: null,
  entities: [{ start: 0, end: 3, text: "Ada", type: "PER", score: 0.9, region: null }],
  queries: [],
  backend: "wasm",
  model: { name: "m", version: "1" },
  timings: { queued: 0, tokenise: 0, decodeImage: 0, imageTrunk: 0, network: 0, decode: 0, total: 0 },
  notices: [],
} as const satisfies AnalysisResult;
const fresh = newRow({ line: 1, tweet, problem: null }, 0);
const done: BatchRow = { ...fresh, status: "done", result };
const failure = { code: "text-invalid", message: "too much" } as const;
const failed: BatchRow = { ...fresh, status: "failed", failure };
const broken = newRow({ line: 3, tweet: null, problem: "Line 3 is not valid JSON." }, 2);

describe.each(ANSWER_FORMATS)("%s", (format) => {
  const writer = ANSWER_WRITERS[format];

  it("holds rows that were answered, failed and broken", async () => {
    const blob = writeBatch([done, fresh, failed, { ...fresh, status: "running" }, broken], format);
    expect(blob.type).toBe(writer.mediaType);
    expect(await blob.text()).toBe(
      [
        writer.header,
        writer.format({ record: done.record, outcome: { result, failure: null } }, 0),
        writer.format({ record: failed.record, outcome: { result: null, failure } }, 1),
        writer.format({ record: broken.record, outcome: { result: null, failure: broken.failure! } }, 2),
        writer.footer,
      ].join(""),
    );
  });

  it("leaves out what was not read yet", async () => {
    expect(await writeBatch([fresh], format).text()).toBe(writer.header + writer.footer);
  });
});
