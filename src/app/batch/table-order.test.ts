// The table's order and filters, on rows that were made for it.
import { describe, expect, it } from "vitest";
import type { AnalysisResult, Entity } from "../../core/results.js";
import { type BatchRow, newRow } from "./batch-row.js";
import { scoreRows } from "./batch-scores.js";
import { type Filter, firstOrder, orderRows, type SortKey } from "./table-order.js";

function row(index: number, scores: readonly number[] | null, changes: Partial<BatchRow> = {}, seen = -1): BatchRow {
  const tokens = ["Ada", "and", "Alan"];
  const tweet = { text: "Ada and Alan", image: null, id: null, tokens, tags: ["B-PER", "O", "B-PER"] };
  const places = [
    [0, 3],
    [8, 12],
  ] as const;
  const entities = scores?.map((score, at): Entity => {
    const [start, end] = places[at]!;
    const region = at < seen ? { box: [0, 0, 1, 1] as const, score: 0.9 } : null;
    return { start, end, text: tweet.text.slice(start, end), type: "PER", score, region };
  });
  const result = entities
    ? ({
        text: tweet.text,
        image: seen < 0 ? null : { width: 9, height: 9 },
        entities,
        queries: [],
      } as unknown as AnalysisResult)
    : null;
  return {
    ...newRow({ line: index + 1, tweet, problem: null }, index),
    result,
    status: result ? "done" : "waiting",
    ...changes,
  };
}

const rows = [
  row(0, [0.9]),
  row(1, []),
  row(2, [0.6, 0.95], {}, 2),
  row(3, null, { status: "failed" }),
  row(4, [0.9, 0.8], { photo: "missing" }, 1),
];
const indices = (key: SortKey, descending: boolean, filter: Filter = "all") =>
  orderRows(rows, { key, descending, filter }).map(({ index }) => index);

describe("orderRows", () => {
  it("sorts by every figure, equal rows in the order of the file", () => {
    expect(orderRows(rows, firstOrder).map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    expect(indices("names", true)).toEqual([2, 4, 0, 1, 3]);
    expect(indices("score", false)).toEqual([2, 4, 0, 1, 3]);
    expect(indices("photo", true)).toEqual([2, 4, 0, 1, 3]);
    expect(indices("mistakes", true)).toEqual([1, 0, 2, 3, 4]);
  });

  it("filters", () => {
    expect(indices("index", false, "named")).toEqual([0, 2, 4]);
    expect(indices("index", false, "unsure")).toEqual([2]);
    expect(indices("index", false, "trouble")).toEqual([3, 4]);
    expect(indices("index", false, "wrong")).toEqual([0, 1]);
  });
});

describe("scoreRows", () => {
  it("counts what was missed, and a tweet that failed as missed altogether", () => {
    const scores = scoreRows(rows)!;
    expect(scores.tweets).toBe(5);
    expect(scores.ner.strict).toMatchObject({ gold: 10, predicted: 5, correct: 5, recall: 50, precision: 100 });
    const person = scores.types.indexOf("PER");
    expect(scores.confusion[person]![person]).toBe(5);
    expect(scores.confusion[person]!.at(-1)).toBe(5);
  });

  it("has nothing to say before anything was read", () => {
    expect(scoreRows([row(0, null)])).toBeNull();
  });
});
