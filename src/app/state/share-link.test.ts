// What goes into the address comes out of it, and nothing hostile does.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFragment, type SharedState, sharedPart, writeFragment } from "./share-link.js";
import { initialState } from "./state.js";

const trimmed = (most: number) =>
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: most })
    .map((text) => text.trim())
    .filter((text) => text !== "");
// The limits count UTF-16 units, of which a character may have several.
const label = trimmed(20).filter((text) => !text.includes(": ") && !text.endsWith(":") && text.length <= 40);
const shared: fc.Arbitrary<SharedState> = fc.record({
  view: fc.constantFrom("single", "batch"),
  text: fc.string({ unit: "grapheme", maxLength: 300 }),
  example: fc.option(fc.stringMatching(/^[a-z0-9-]{1,40}$/)),
  queries: fc.array(fc.record({ label, query: trimmed(60).filter((text) => text.length <= 300) }), { maxLength: 8 }),
  threshold: fc.option(fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100)),
  nested: fc.boolean(),
  backend: fc.constantFrom("auto", "webgpu", "webgl", "wasm", "cpu"),
});
const nothing: SharedState = {
  view: "single",
  text: "",
  example: null,
  queries: [],
  threshold: null,
  nested: false,
  backend: "auto",
};

describe("the fragment", () => {
  it("keeps the systems of the compare view, and names nothing that is no name", () => {
    const state: SharedState = { ...nothing, view: "compare", systems: ["mner-qg", "umt"] };
    expect(readFragment(writeFragment(state))).toEqual({ view: "compare", systems: ["mner-qg", "umt"] });
    expect(readFragment("view=compare&systems=../evil,umt")).toEqual({ view: "compare", systems: ["umt"] });
  });

  it("gives back what it was given", () => {
    fc.assert(
      fc.property(shared, (state) => {
        expect({ ...nothing, ...readFragment(`#${writeFragment(state)}`) }).toEqual(state);
      }),
    );
  });

  it("survives being an address", () => {
    fc.assert(
      fc.property(shared, (state) => {
        const address = new URL("https://example.org/page");
        address.hash = writeFragment(state);
        expect({ ...nothing, ...readFragment(new URL(address.href).hash) }).toEqual(state);
      }),
    );
  });

  it("never throws and never lets through what does not fit", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (fragment) => {
        const found = readFragment(fragment);
        expect(found?.threshold ?? 0).toBeGreaterThanOrEqual(0);
        expect(found?.threshold ?? 0).toBeLessThanOrEqual(1);
      }),
    );
    expect(readFragment("#threshold=7&backend=quantum&photo=../../x&view=admin&ask=nolabel&nested=yes")).toBeNull();
    expect(readFragment("#__proto__=x&constructor=y")).toBeNull();
    expect(readFragment("#threshold=")).toBeNull();
  });

  it("names an example's photo and never carries one's own", () => {
    const own = sharedPart({ ...initialState, photo: { kind: "own", blob: new Blob(["secret"]), name: "me.jpg" } });
    expect(writeFragment(own)).toBe("");
    const photo = { kind: "example", example: "coffee", url: "/c.jpg", name: "coffee.jpg", alt: "" } as const;
    expect(writeFragment(sharedPart({ ...initialState, photo }))).toBe("photo=coffee");
  });

  it("leaves out a text too long to be an address", () => {
    expect(writeFragment({ ...nothing, text: "a".repeat(5000) })).toBe("");
    expect(readFragment(`text=${"a".repeat(5000)}`)).toBeNull();
  });
});
