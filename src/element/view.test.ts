import { describe, expect, it } from "vitest";
import type { AnalysisResult, Box, Entity } from "../core/results.js";
import { buildView, withSize } from "./view.js";

function entity(start: number, end: number, type: string, score: number, box: Box | null = null): Entity {
  return { start, end, text: "x".repeat(end - start), type, score, region: box && { box, score: 0.5 } };
}

function result(...entities: Entity[]): AnalysisResult {
  return {
    text: "x".repeat(40),
    image: { width: 100, height: 100 },
    entities,
    queries: [],
    backend: "cpu",
    model: { name: "", version: "" },
    timings: { queued: 0, tokenise: 0, decodeImage: 0, imageTrunk: 0, network: 0, decode: 0, total: 0 },
    notices: [],
  };
}

describe("buildView", () => {
  it("orders names as they are read and gives them lasting ids", () => {
    const view = buildView(result(entity(5, 9, "LOC", 1), entity(0, 3, "PER", 1), entity(0, 8, "ORG", 1)));
    expect(view.entities.map(({ id }) => id)).toEqual(["0-8-ORG", "0-3-PER", "5-9-LOC"]);
    expect(view.entities.map(({ index }) => index)).toEqual([2, 1, 0]);
  });

  it("tells twins apart", () => {
    const ids = buildView(result(entity(0, 3, "PER", 1), entity(0, 3, "PER", 1))).entities.map(({ id }) => id);
    expect(ids).toEqual(["0-3-PER", "0-3-PER-2"]);
  });

  it("keeps ids when a filter takes others away", () => {
    const all = result(entity(0, 3, "PER", 0.2), entity(0, 3, "PER", 0.9));
    expect(buildView(all, { threshold: 0.5 }).entities.map(({ id }) => id)).toEqual(["0-3-PER-2"]);
  });

  it("shares a box between names seen in the same place, and draws small boxes above large ones", () => {
    const view = buildView(
      result(
        entity(0, 2, "PER", 1, [10, 10, 20, 20]),
        entity(3, 5, "PER", 1, [10, 10, 20, 20]),
        entity(6, 8, "ORG", 1, [10, 10, 20, 20]),
        entity(9, 12, "LOC", 1, [0, 0, 90, 90]),
      ),
    );
    expect(view.boxes.map((box) => [box.type, box.entities.length])).toEqual([
      ["LOC", 1],
      ["PER", 3],
    ]);
  });

  it("gives a name that may be in either of two places both, and calls them unsure", () => {
    const here = { box: [0, 0, 9, 9] as const, score: 0.9 };
    const there = { box: [20, 20, 30, 30] as const, score: 0.8 };
    const far = { box: [50, 50, 60, 60] as const, score: 0.1 };
    const either = { ...entity(0, 2, "PER", 1), region: here, alternatives: [there, far], ambiguous: true };
    const other = { ...entity(3, 5, "PER", 1), region: there, alternatives: [here], ambiguous: true };
    const view = buildView(result(either, other));
    expect(view.boxes.map(({ unsure, entities, score }) => [unsure, entities.length, score])).toEqual([
      [true, 2, 0.8],
      [true, 2, 0.9],
    ]);
    // One that is known to be there settles the place.
    const settled = buildView(result(either, { ...entity(6, 8, "PER", 1), region: here }));
    expect(settled.boxes.find(({ box }) => box[0] === 0)?.unsure).toBe(false);
  });

  it("calls a place unsure that is less likely than not", () => {
    const low = { ...entity(0, 2, "PER", 1), region: { box: [0, 0, 9, 9] as const, score: 0.38 } };
    expect(buildView(result(low)).boxes).toMatchObject([{ unsure: true, score: 0.38 }]);
  });

  it("keeps what own questions found without a name", () => {
    const query = { query: "", exists: 0, notInPhoto: 0.1, alternatives: [], imageRelevance: 0, attention: null };
    const region = { box: [0, 0, 9, 9] as const, score: 0.8 };
    const view = buildView({
      ...result(),
      queries: [
        { ...query, type: "Animal", region },
        { ...query, type: "PER", region },
      ],
    });
    expect(view.answers.map(({ type }) => type)).toEqual(["Animal"]);
    expect(view.boxes).toMatchObject([{ type: "Animal", entities: [] }]);
  });

  it("cuts boxes to the photo and forgets those outside it", () => {
    const view = buildView(
      result(entity(0, 2, "PER", 1, [-10, 50, 300, 120]), entity(3, 5, "LOC", 1, [200, 200, 300, 300])),
    );
    expect(view.boxes.map(({ box }) => box)).toEqual([[0, 50, 100, 100]]);
  });

  it("counts what a filter hides, but not what `types` or `threshold` take away", () => {
    const view = buildView(
      result(entity(0, 2, "PER", 0.9), entity(3, 5, "ORG", 0.9), entity(6, 8, "ORG", 0.1), entity(9, 11, "LOC", 0.9)),
      {
        hidden: new Set(["ORG"]),
        types: ["PER", "ORG"],
        threshold: 0.5,
      },
    );
    expect(view.entities.map(({ type }) => type)).toEqual(["PER"]);
    expect(view.types).toEqual([
      { type: "PER", count: 1, hidden: false },
      { type: "ORG", count: 1, hidden: true },
    ]);
  });

  it("shows names of unknown score", () => {
    expect(buildView(result(entity(0, 2, "PER", Number.NaN)), { threshold: 0.9 }).entities).toHaveLength(1);
  });

  it("has no boxes without a photo", () => {
    expect(buildView(result(entity(0, 2, "PER", 1, [0, 0, 9, 9])), { photo: false }).boxes).toEqual([]);
  });
});

describe("withSize", () => {
  const size = { width: 7, height: 8 };
  it("measures boxes against the page's photo when the results do not say its size", () => {
    const given = { ...result(entity(0, 2, "PER", 1, [0, 0, 5, 5])), image: null };
    expect(withSize(given, size)?.image).toEqual(size);
  });
  it("does not claim that a photo was looked at when none was", () => {
    expect(withSize({ ...result(entity(0, 2, "PER", 1)), image: null }, size)?.image).toBeNull();
  });
});
