// Which model folder an address of the page means.
import { expect, it } from "vitest";
import { chooseModel } from "./model-address.js";

const page = "https://example.org/demo/";
const own = "https://example.org/demo/models/mini-1/";

it.each([
  ["", own],
  ["?model=", own],
  ["?model=models/tiny-run/", "https://example.org/demo/models/tiny-run/"],
  ["?model=/other/folder/&shared=1", "https://example.org/other/folder/"],
  ["?model=https://elsewhere.example/model/", own],
  ["?model=//elsewhere.example/model/", own],
  ["?model=data:text/plain,x", own],
  ["?model=http://[", own],
])("%s", (search, expected) => {
  expect(chooseModel("models/mini-1/", `${page}${search}`)).toBe(expected);
});
