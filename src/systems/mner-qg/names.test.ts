// The heads that run on plain numbers, against PyTorch; and what they do to a decoded answer.
import { setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { readGolden } from "../../../test/support/golden.js";
import { relativeError } from "../../../test/support/parity.js";
import { openCpu } from "../../engine/backends/cpu.js";
import { WeightLoader } from "../../nn/readers.js";
import { assignPlaces, mentionVector, shifted, shiftsOf } from "./entity-grounding.js";
import { declare, type Net } from "./network.js";
import { imageKindOf, relatednessOf } from "./photo-heads.js";
import type { Place } from "./places.js";

const golden = readGolden("golden-tiny-nanodet");
let names: NonNullable<Net["names"]>;

beforeAll(async () => {
  await openCpu();
  await setBackend("cpu");
  const { weights } = golden;
  const loader = new WeightLoader({ has: (name) => weights.has(name), read: (name) => weights.get(name)! });
  names = declare(loader, golden.config).names!;
  await loader.load();
}, 60_000);

/** Row `index` of a golden tensor. */
function row(name: string, index: number): Float32Array {
  const { shape, values } = golden.vectors.get(`names.${name}`)!;
  const size = values.length / shape[0]!;
  return Float32Array.from(values.subarray(index * size, (index + 1) * size));
}

const part = (values: Float32Array, index: number, count: number): Float32Array =>
  values.subarray((index * values.length) / count, ((index + 1) * values.length) / count);

describe("heads on plain numbers", () => {
  it.each([0, 1])("give name %d what PyTorch gives it", (name) => {
    const [first, last] = [row("input.first", name)[0]!, row("input.last", name)[0]!];
    const mention = mentionVector(names.entity, { hidden: row("input.rows", name), first, last, sentence: [5, 11] });
    expect(relativeError(mention, row("mention", name))).toBeLessThan(1e-5);
    const list = Array.from({ length: 3 }, (_, place): Place => {
      const of = (what: string): Float32Array => part(row(`input.${what}`, name), place, 3);
      return {
        box: [0, 0, 1, 1],
        cell: of("cells"),
        geometry: of("geometry"),
        classes: of("classes"),
        ranks: of("ranks"),
      };
    });
    const input = {
      mention,
      query: row("input.query", name),
      facts: row("input.facts", name),
      scene: row("input.scene", name),
    };
    const { places, none } = shiftsOf(names.entity, input, { list, chances: [], none: 0, named: 3 });
    expect(relativeError(places, row("shift", name))).toBeLessThan(1e-4);
    expect(none).toBeCloseTo(row("none", name)[0]!, 4);
  });

  it("judge the photo as PyTorch does", () => {
    const summary = row("input.summary", 0);
    expect(relatednessOf(names.relatedness, summary, row("input.text", 0))).toBeCloseTo(row("relatedness", 0)[0]!, 5);
    const kinds = row("kinds", 0);
    expect(imageKindOf(names.imageKind, summary).score).toBeCloseTo(Math.max(...kinds), 5);
  });
});

describe("shifts", () => {
  it("of zero change not a bit", () => {
    const chances = [0.1 + 0.2, 1 / 3, 1e-9];
    const nothing = { places: new Float32Array(3), none: 0 };
    expect(shifted(chances, 0.7 / 3, 2, nothing)).toEqual({ chances, none: 0.7 / 3 });
  });

  it("keep what they leave out in the sum", () => {
    const { chances, none } = shifted([0.5, 0.2], 0.25, 2, { places: Float32Array.of(1, 0), none: 0 });
    const total = 0.5 * Math.E + 0.2 + 0.25 + 0.05;
    expect(chances[0]).toBeCloseTo((0.5 * Math.E) / total, 6);
    expect(none).toBeCloseTo(0.25 / total, 6);
  });

  it("make no chance, however far they push down", () => {
    const { chances, none } = shifted([0.99, 0.01, 0.001], 0, 2, { places: Float32Array.of(-12, -12, -2), none: -3 });
    expect(chances.reduce((sum, chance) => sum + chance, none)).toBeCloseTo(1.001, 6);
  });
});

describe("places of several names", () => {
  it("are shared where nothing else is likely, and told apart where something is", () => {
    expect(
      assignPlaces(
        [
          [0.9, 0.01],
          [0.8, 0.02],
        ],
        1.3,
      ),
    ).toEqual([0, 0]);
    expect(
      assignPlaces(
        [
          [0.6, 0.3],
          [0.5, 0.4],
        ],
        1.3,
      ),
    ).toEqual([0, 1]);
    expect(
      assignPlaces(
        [
          [0.6, 0.3],
          [0.5, 0.4],
        ],
        0,
      ),
    ).toEqual([0, 0]);
  });
});
