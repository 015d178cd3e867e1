// Candidates to places: against a slow, literal reading of the rules, and for numbers no network should give.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Box, intersectionOverUnion } from "../core/geometry.js";
import { decodeGrounding, type GroundingInput } from "./grounding.js";
import { clipBox, fitLetterbox } from "./letterbox.js";

const STRIDES = [32, 16, 8];
const ANCHORS: [number, number][][] = [
  [
    [40, 50],
    [60, 30],
    [64, 64],
  ],
  [
    [20, 25],
    [30, 15],
    [32, 32],
  ],
  [
    [10, 12],
    [15, 7],
    [16, 16],
  ],
];
const SIZE = 64;
const COUNT = 3 * (4 + 16 + 64);

/** Where a candidate's five numbers begin. */
function place(k: number, y: number, x: number, a: number): number {
  let start = 0;
  for (let before = 0; before < k; before++) start += (SIZE / STRIDES[before]!) ** 2 * 3;
  return (start + (y * (SIZE / STRIDES[k]!) + x) * 3 + a) * 5;
}

function input(changes: Partial<GroundingInput> = {}): GroundingInput {
  const candidates = new Float32Array(COUNT * 5);
  for (let i = 4; i < candidates.length; i += 5) candidates[i] = -30;
  return {
    candidates,
    noneLogit: -30,
    anchors: ANCHORS,
    strides: STRIDES,
    letterbox: fitLetterbox(128, 64, SIZE),
    ...changes,
  };
}

function set(candidates: Float32Array, at: number, values: number[]): void {
  candidates.set(values, at);
}

describe("decodeGrounding", () => {
  it("reads scale, row, column and anchor in this order and undoes the letterbox", () => {
    const given = input();
    set(given.candidates, place(1, 2, 1, 2), [0, 0.5, Math.log(0.5), Math.log(0.25), 5]);
    const { region, notInPhoto, alternatives } = decodeGrounding(given);
    // Centre x = (1 + ½ + 0)·16 = 24, y = (2 + ½ + ½)·16 = 48; size 16 × 8; photo 128×64 lies at y 16..48, scale ½.
    expect(region!.box.map((value) => Math.round(value * 1e4) / 1e4)).toEqual([32, 56, 64, 64]);
    expect(region!.score).toBeCloseTo(1, 10);
    expect(notInPhoto).toBeLessThan(1e-10);
    expect(alternatives).toEqual([]);
  });

  it("limits sizes to e⁴ times the anchor", () => {
    const given = input({ letterbox: fitLetterbox(64_000, 64_000, SIZE) });
    set(given.candidates, place(2, 4, 4, 0), [0, 0, -50, -4, 5]);
    const [x0, y0, x1, y1] = decodeGrounding(given).region!.box;
    expect((x1 - x0) / 1000).toBeCloseTo(10 * Math.exp(-4), 3);
    expect((y1 - y0) / 1000).toBeCloseTo(12 * Math.exp(-4), 3);
  });

  it("lets a centre lie at most four cells from its own", () => {
    const given = input();
    set(given.candidates, place(2, 4, 0, 0), [50, 0, 0, 0, 5]);
    const [x0, , x1] = decodeGrounding(given).region!.box;
    expect((x0 + x1) / 2).toBeCloseTo(4.5 * 8 * 2, 6);
  });

  it("adds up the probability of what it merges and lists the rest", () => {
    const given = input({ leastAlternativeScore: 0.05 });
    const log = (part: number): number => Math.log(part);
    set(given.candidates, place(1, 1, 0, 2), [0, 0, 0, 0, log(0.3)]);
    set(given.candidates, place(1, 1, 0, 0), [0, 0, log(1.6), log(1.28), log(0.2)]); // the same box from another anchor
    set(given.candidates, place(1, 1, 3, 2), [0, 0, 0, 0, log(0.24)]);
    set(given.candidates, place(2, 5, 3, 0), [0, 0, 0, 0, log(0.02)]);
    const { best, region, alternatives, notInPhoto } = decodeGrounding({ ...given, noneLogit: log(0.24) });
    expect(notInPhoto).toBeCloseTo(0.24, 6);
    expect(region).toEqual(best);
    expect(best!.score).toBeCloseTo(0.5, 6);
    expect(alternatives.map(({ score }) => score)).toEqual([expect.closeTo(0.24, 6)]);
  });

  it("says none when that is likelier, and still tells the best place", () => {
    const given = input();
    set(given.candidates, place(0, 0, 0, 0), [0, 0, 0, 0, 1]);
    const { region, best, notInPhoto } = decodeGrounding({ ...given, noneLogit: 3 });
    expect(region).toBeNull();
    expect(best!.box).toBeDefined();
    expect(notInPhoto).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
    expect(decodeGrounding({ ...given, noneLogit: 3, noneThreshold: 0.9 }).region).toEqual(best);
  });

  it("calibrates", () => {
    const given = input({ calibration: { a: 0.5, b: -2 } });
    set(given.candidates, place(0, 0, 0, 0), [0, 0, 0, 0, 1]);
    const { region, notInPhoto } = decodeGrounding({ ...given, noneLogit: 3 });
    expect(notInPhoto).toBeCloseTo(1 / (1 + Math.exp(-(0.5 * 2 - 2))), 6);
    expect(region!.score).toBeCloseTo(1 - notInPhoto, 6);
  });

  it("takes the place of which all cells together are likeliest, not the single likeliest cell", () => {
    const given = input();
    // One sure cell on the left against two neighbours on the right, each less sure.
    set(given.candidates, place(1, 1, 0, 2), [0, 0, 0, 0, 1]);
    set(given.candidates, place(1, 1, 3, 2), [0, 0, 0, 0, 0.6]);
    set(given.candidates, place(1, 2, 3, 2), [0, -1, 0, 0, 0.6]);
    const { region, alternatives } = decodeGrounding(given);
    const [right, left] = [2 * Math.exp(0.6), Math.exp(1)];
    expect(region!.score).toBeCloseTo(right / (right + left), 6);
    expect(region!.box[0]).toBeGreaterThan(64);
    expect(alternatives.map(({ score }) => score)).toEqual([expect.closeTo(left / (right + left), 6)]);
    expect(alternatives[0]!.box[0]).toBeLessThan(64);
  });

  it("gives at most three alternatives, best first, none overlapping another", () => {
    const given = input();
    for (let x = 0; x < 8; x++) set(given.candidates, place(2, 4, x, 1), [0, 0, -1, -1, x % 3]);
    const { best, alternatives } = decodeGrounding(given);
    expect(alternatives).toHaveLength(3);
    const all = [best!, ...alternatives];
    for (const [i, one] of all.entries()) {
      for (const other of all.slice(i + 1)) expect(intersectionOverUnion(one.box, other.box)).toBeLessThan(0.5);
    }
  });

  it("refuses a head that does not fit its anchors", () => {
    const wrong = input({ candidates: new Float32Array(5 * (COUNT - 1)) });
    expect(() => decodeGrounding(wrong)).toThrow(expect.objectContaining({ code: "model-mismatch" }));
  });

  it("does not choose a candidate that lacks a number", () => {
    const given = input();
    set(given.candidates, place(2, 1, 1, 0), [0, Number.NaN, 0, 0, 9]);
    set(given.candidates, place(1, 2, 2, 2), [0, 0, 0, 0, 5]);
    const { best } = decodeGrounding(given);
    expect(best!.box[0]).toBeCloseTo((2.5 * 16 - 16) * 2, 6);
    expect(best!.score).toBeCloseTo(1, 6);
  });

  it("says none when there is no number to go by", () => {
    const nothing = input({ candidates: new Float32Array(COUNT * 5).fill(Number.NaN), noneLogit: Number.NaN });
    expect(decodeGrounding(nothing)).toEqual({ region: null, best: null, alternatives: [], notInPhoto: 1 });
  });

  it("never leaves the photo or the unit interval, whatever the numbers", () => {
    const wild = fc.oneof(
      fc.float({ min: -20, max: 20, noNaN: true }),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38),
    );
    const side = fc.integer({ min: 1, max: 5000 });
    const values = fc.array(wild, { minLength: 5, maxLength: 60 });
    fc.assert(
      fc.property(values, wild, side, side, (numbers, noneLogit, width, height) => {
        const candidates = Float32Array.from({ length: COUNT * 5 }, (_, i) => numbers[i % numbers.length]!);
        const letterbox = fitLetterbox(width, height, SIZE);
        const result = decodeGrounding(input({ candidates, noneLogit, letterbox }));
        expect(result.notInPhoto).toBeGreaterThanOrEqual(0);
        expect(result.notInPhoto).toBeLessThanOrEqual(1);
        const regions = result.best ? [result.best, ...result.alternatives] : [];
        for (const { box, score } of regions) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
          expect(box[0]).toBeGreaterThanOrEqual(0);
          expect(box[1]).toBeGreaterThanOrEqual(0);
          expect(box[2]).toBeGreaterThan(box[0]);
          expect(box[3]).toBeGreaterThan(box[1]);
          expect(box[2]).toBeLessThanOrEqual(width);
          expect(box[3]).toBeLessThanOrEqual(height);
        }
        const sum = regions.reduce((total, { score }) => total + score, result.notInPhoto);
        expect(sum).toBeLessThanOrEqual(1 + 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it("chooses as a literal reading of the rules does", () => {
    const number = fc.float({ min: -2, max: 2, noNaN: true });
    const values = fc.array(number, { minLength: COUNT * 5, maxLength: COUNT * 5 });
    fc.assert(
      fc.property(values, number, (numbers, noneLogit) => {
        const candidates = Float32Array.from(numbers);
        const given = input({ candidates, noneLogit });
        const { best, notInPhoto } = decodeGrounding(given);
        let index = 0;
        const all: { logit: number; box: Box }[] = [];
        let sum = Math.exp(noneLogit);
        for (let k = 0; k < 3; k++) {
          for (let y = 0; y < SIZE / STRIDES[k]!; y++) {
            for (let x = 0; x < SIZE / STRIDES[k]!; x++) {
              for (let a = 0; a < 3; a++, index += 5) {
                const [tx, ty, tw, th, logit] = candidates.subarray(index, index + 5) as unknown as number[];
                sum += Math.exp(logit!);
                const cx = (x + 0.5 + tx!) * STRIDES[k]!;
                const cy = (y + 0.5 + ty!) * STRIDES[k]!;
                const w = ANCHORS[k]![a]![0] * Math.exp(tw!);
                const h = ANCHORS[k]![a]![1] * Math.exp(th!);
                // 128×64 in 64: half size, 16 pixels from the top.
                const box: Box = [(cx - w / 2) * 2, (cy - h / 2 - 16) * 2, (cx + w / 2) * 2, (cy + h / 2 - 16) * 2];
                all.push({ logit: logit!, box: clipBox(box, 128, 64) });
              }
            }
          }
        }
        expect(notInPhoto).toBeCloseTo(Math.exp(noneLogit) / sum, 9);
        let left = all.sort((one, other) => other.logit - one.logit);
        const places: { box: Box; mass: number }[] = [];
        while (places.length < 16 && left.length > 0) {
          const { box } = left[0]!;
          const same = left.filter((one) => one.box === box || intersectionOverUnion(box, one.box) >= 0.5);
          places.push({ box, mass: same.reduce((total, { logit }) => total + Math.exp(logit), 0) });
          left = left.filter((one) => !same.includes(one));
        }
        const likeliest = places.reduce((one, other) => (other.mass > one.mass ? other : one));
        best!.box.forEach((value, i) => {
          expect(value).toBeCloseTo(likeliest.box[i]!, 6);
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe("intersectionOverUnion", () => {
  it("is 1 for the same box, 0 for separate and broken ones", () => {
    expect(intersectionOverUnion([0, 0, 2, 2], [0, 0, 2, 2])).toBe(1);
    expect(intersectionOverUnion([0, 0, 2, 2], [1, 0, 3, 2])).toBeCloseTo(1 / 3);
    expect(intersectionOverUnion([0, 0, 2, 2], [2, 0, 3, 2])).toBe(0);
    expect(intersectionOverUnion([0, 0, 2, 2], [Number.NaN, 0, 3, 2])).toBe(0);
  });
});
