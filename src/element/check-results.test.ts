import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnalysisResult } from "../core/results.js";
import { checkEvidence } from "./check-evidence.js";
import { checkResults } from "./check-results.js";

const good: AnalysisResult = {
  text: "Ada met Bob",
  image: { width: 10, height: 20 },
  entities: [
    { start: 0, end: 3, text: "Ada", type: "PER", score: 0.9, region: { box: [1, 2, 3, 4], score: 0.8 } },
    { start: 8, end: 11, text: "Bob", type: "PER", score: 0.7, region: null },
  ],
  queries: [
    {
      type: "PER",
      query: "who?",
      exists: 0.9,
      region: null,
      notInPhoto: 0.2,
      alternatives: [{ box: [0, 0, 5, 5], score: 0.1 }],
      imageRelevance: 0.4,
      attention: { columns: 2, rows: 1, cells: [0.25, 0.75] },
    },
  ],
  backend: "wasm",
  model: { name: "mini", version: "1" },
  timings: { queued: 0, tokenise: 1, decodeImage: 2, imageTrunk: 3, network: 4, decode: 5, total: 15 },
  notices: [{ code: "x", message: "y" }],
};

describe("checkResults", () => {
  it("leaves good results as they are, also after a trip through JSON", () => {
    expect(checkResults(good)).toEqual({ result: good, error: null });
    expect(checkResults(JSON.parse(JSON.stringify(good)))).toEqual({ result: good, error: null });
  });

  it("keeps what version 0.3 added, also after a trip through JSON", () => {
    const region = { box: [0, 0, 5, 5] as const, score: 0.4 };
    const attention = { columns: 1, rows: 1, cells: [1] };
    const evidences: AnalysisResult["evidence"][] = [
      { kind: "queries" },
      { kind: "gate", entities: [0.5] },
      { kind: "heat", entities: [attention] },
      { kind: "heat", entities: [null] },
      { kind: "graph", nodes: [{ label: "dog", region }], entities: [[0.2]] },
      { kind: "clues", clues: [{ text: "a dog", weight: 0.3 }] },
      {
        kind: "slots",
        slots: [
          { entity: 0, score: 0.9 },
          { entity: null, score: 0.1 },
        ],
      },
    ];
    for (const evidence of evidences) {
      const more: AnalysisResult = {
        ...good,
        system: "umt",
        relatedness: 0.3,
        imageKind: { kind: "drawing", score: 0.8 },
        evidence,
        entities: [{ ...good.entities[0]!, notInPhoto: 0.2, alternatives: [region], ambiguous: true }],
      };
      expect(checkResults(JSON.parse(JSON.stringify(more)))).toEqual({ result: more, error: null });
      expect(checkEvidence(JSON.parse(JSON.stringify(evidence)), 1)).toEqual(evidence);
    }
  });

  it("leaves out evidence that points nowhere", () => {
    const nodes = [{ label: "dog", region: { box: [3, 3, 1, 1], score: 1 } }];
    expect(checkEvidence({ kind: "graph", nodes, entities: [[1]] }, 1)).toBeNull();
    expect(checkEvidence({ kind: "slots", slots: [{ entity: 7, score: 2 }] }, 1)).toEqual({
      kind: "slots",
      slots: [{ entity: null, score: Number.NaN }],
    });
    expect(checkEvidence({ kind: "gate", entities: [0.1, 0.2] }, 1)).toEqual({ kind: "gate", entities: [0.1] });
  });

  it("keeps the good names, drops the bad ones and says which", () => {
    const bad = [
      null,
      { start: 0, end: 99, type: "PER" },
      { start: Number.NaN, end: 3, type: "PER" },
      { start: 1.5, end: 3, type: "PER" },
      { start: 3, end: 3, type: "PER" },
      { start: 0, end: 3, type: "" },
      { start: "0", end: 3, type: "PER" },
    ];
    const { result, error } = checkResults({ ...good, entities: [...bad, good.entities[1]] });
    expect(result?.entities).toEqual([good.entities[1]]);
    expect(error?.code).toBe("results-invalid");
    expect(error?.message).toContain("entities[0] is not an object");
    expect(error?.message).toContain("and 4 more");
  });

  it("believes the text, not the names' own copies of it", () => {
    const { result } = checkResults({ ...good, entities: [{ ...good.entities[0], text: "<img onerror=alert(1)>" }] });
    expect(result?.entities[0]?.text).toBe("Ada");
  });

  it("shows no figure rather than a false one", () => {
    const { result, error } = checkResults({ text: "Ada", entities: [{ start: 0, end: 3, type: "PER", score: 7 }] });
    expect(result?.entities[0]?.score).toBeNaN();
    expect(error).toBeNull();
  });

  it("drops boxes that are none", () => {
    for (const box of [[1, 2, 3], [3, 3, 1, 1], [0, 0, Number.NaN, 1], "0,0,1,1", null]) {
      const { result, error } = checkResults({
        ...good,
        entities: [{ ...good.entities[0], region: { box, score: 1 } }],
      });
      expect(result?.entities[0]?.region).toBeNull();
      expect(error?.message).toContain("region");
    }
  });

  it("drops an attention that does not fill its grid, or would fill the memory", () => {
    for (const attention of [
      { columns: 2, rows: 2, cells: [1] },
      { columns: 1e6, rows: 1e6, cells: [] },
      { columns: 1, rows: 1, cells: [-1] },
      { columns: 1, rows: 1, cells: ["1"] },
      7,
    ]) {
      expect(
        checkResults({ ...good, queries: [{ ...good.queries[0], attention }] }).result?.queries[0]?.attention,
      ).toBeNull();
    }
  });

  it("draws nothing when there is no text at all", () => {
    for (const input of [undefined, 3, "text", [], {}, { text: 3 }]) {
      const { result, error } = checkResults(input);
      expect(result).toBeNull();
      expect(error?.code).toBe("results-invalid");
    }
  });

  it("outlives getters that throw", () => {
    const trap = {
      text: "a",
      get entities(): never {
        throw new Error("trap");
      },
    };
    expect(checkResults(trap).error?.code).toBe("results-invalid");
  });

  it("never throws, and what it lets through is always sound", () => {
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withBigInt: true }),
        fc.string(),
        fc.array(fc.anything()),
        (any, text, entities) => {
          for (const input of [any, { text, entities, queries: entities, image: any, model: any, notices: entities }]) {
            const { result, error } = checkResults(input);
            expect(result === null ? error !== null : true).toBe(true);
            expect(() => checkEvidence(any, 2)).not.toThrow();
            for (const entity of result?.entities ?? [])
              expect(result?.text.slice(entity.start, entity.end)).toBe(entity.text);
          }
        },
      ),
    );
  });

  it("draws a number that a page can hold and says how many there were", () => {
    const entities = Array.from({ length: 100_000 }, (_, at) => ({ start: at % 8, end: (at % 8) + 1, type: "PER" }));
    const { result, error } = checkResults({ ...good, entities });
    expect(result?.entities.length).toBeLessThanOrEqual(2000);
    expect(error?.message).toContain("only the first 2000 of 100000 entities are drawn");
  });

  it("draws no more names inside each other than can be told apart", () => {
    const text = "a".repeat(10_000);
    const nested = Array.from({ length: 1000 }, (_, at) => ({ start: at, end: 10_000 - at, type: "PER" }));
    const { result, error } = checkResults({ text, entities: nested });
    expect(result?.entities.length).toBe(12);
    expect(result?.entities[0]).toMatchObject({ start: 0, end: 10_000 });
    expect(error?.message).toContain("988 entities overlap more than 11 others");
    const beside = Array.from({ length: 1000 }, (_, at) => ({ start: at, end: at + 1, type: "PER" }));
    expect(checkResults({ text, entities: beside }).result?.entities.length).toBe(1000);
  });

  it("does not walk through lists that are long and hold nothing", () => {
    const sparse = Array(2 ** 32 - 1);
    const begun = performance.now();
    const { result, error } = checkResults({
      ...good,
      entities: sparse,
      queries: [
        {
          type: "PER",
          alternatives: sparse,
          region: { box: sparse },
          attention: { columns: 1, rows: 1, cells: sparse },
        },
      ],
      notices: sparse,
    });
    expect([result?.entities, error?.code]).toEqual([[], "results-invalid"]);
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  it("cuts texts and labels that nobody could read", () => {
    const { result } = checkResults({
      text: "a".repeat(10_000_000),
      entities: [{ start: 0, end: 1, type: "x".repeat(1_000_000) }],
      notices: [{ code: "c", message: "m".repeat(1_000_000) }],
    });
    expect([result?.text.length, result?.entities.length, result?.notices[0]?.message.length]).toEqual([
      100_000, 0, 1000,
    ]);
  });
});
