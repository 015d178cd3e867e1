import { describe, expect, it } from "vitest";
import { de } from "./de.js";
import { en as builtIn } from "./en.js";
import { enWhy } from "./en-why.js";
import { createLocalizer } from "./localize.js";
import type { Strings } from "./strings.js";
import { zh } from "./zh.js";

const en: Strings = { ...builtIn, ...enWhy };

const places = (wording: unknown): string[] =>
  [...JSON.stringify(wording).matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

describe("translations", () => {
  for (const strings of [de, zh]) {
    it(`says everything in ${strings.language}, with the same places to fill`, () => {
      expect(Object.keys(strings).sort()).toEqual(Object.keys(en).sort());
      for (const key of Object.keys(en) as (keyof Strings)[]) {
        if (key === "language" || key === "errors" || key === "shortTypes") continue;
        expect([...new Set(places(strings[key]))], key).toEqual([...new Set(places(en[key]))]);
      }
    });
  }
  it("translates the same errors in every language", () => {
    expect(Object.keys(zh.errors)).toEqual(Object.keys(de.errors));
  });
});

describe("createLocalizer", () => {
  const english = createLocalizer(null);
  it("counts", () => {
    expect(english.count(en.names, 1)).toBe("1 name");
    expect(english.count(en.names, 1200)).toBe("1,200 names");
    expect(createLocalizer(de).count(de.names, 2)).toBe("2 Namen");
  });
  it("writes figures as the language does, and none where there is none", () => {
    expect(english.percent(0.974)).toBe("97%");
    expect(createLocalizer(de).percent(0.974)).toBe("97\u00a0%");
    expect(english.percent(Number.NaN)).toBe("");
    expect([0, 0.0001, 0.9999, 1].map(english.percent)).toEqual(["0%", "1%", "99%", "100%"]);
  });
  it("never looks for places in what it fills in", () => {
    expect(english.fill("{name}, {type}", { name: "{type}", type: "x" })).toBe("{type}, x");
    expect(english.fill("{constructor}", {})).toBe("{constructor}");
  });
  it("shows labels of own types as they are, cut for the chip by whole characters", () => {
    expect(english.typeName("ship")).toBe("ship");
    expect(english.typeName("constructor")).toBe("constructor");
    expect(english.shortType("🚢".repeat(12))).toBe(`${"🚢".repeat(9)}…`);
  });
  it("takes part of a translation, and any language tag", () => {
    expect(createLocalizer({ list: "Lijst" }).strings.why).toBe(en.why);
    expect(createLocalizer({ language: "not a tag!" }).percent(0.5)).toBe("50%");
  });
});
