import { expect, it } from "vitest";
import { shapeOf } from "./shape.js";

it.each<[word: string, shape: number]>([
  ["", 0],
  ["2016", 0],
  ["東京", 0],
  ["!", 0],
  ["lower", 1],
  ["straße", 1],
  ["Anna", 2],
  ["I", 2],
  ["4Ever", 2],
  ["Ǆungla", 2],
  ["ǅungla", 2],
  ["Éa", 2],
  ["NASA", 3],
  ["U2B", 3],
  ["iPhone", 4],
  ["McDonald", 4],
  ["lA", 4],
  ["\ud83d", 0],
])("reads how %j is written", (word, shape) => {
  expect(shapeOf(word)).toBe(shape);
});
