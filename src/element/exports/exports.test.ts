import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnalysisResult, Entity } from "../../core/results.js";
import { toCoco } from "./coco.js";
import { toConll } from "./conll.js";
import { escapeXml, paintSvg } from "./paint-svg.js";
import { fileName, safeAddress } from "./source.js";
import { type SpecificResource, toWebAnnotation } from "./web-annotation.js";

function result(
  text: string,
  entities: readonly Partial<Entity>[],
  image: AnalysisResult["image"] = null,
): AnalysisResult {
  return {
    text,
    image,
    entities: entities.map(({ start = 0, end = 1, type = "PER", score = 0.9, region = null, ...rest }) => ({
      ...rest,
      start,
      end,
      text: text.slice(start, end),
      type,
      score,
      region,
    })),
    queries: [],
    backend: "cpu",
    model: { name: "", version: "" },
    timings: { queued: 0, tokenise: 0, decodeImage: 0, imageTrunk: 0, network: 0, decode: 0, total: 0 },
    notices: [],
  };
}

describe("toConll", () => {
  it("writes a token and a BIO tag a line", () => {
    const text = "Eileen Collins joined @NASA.";
    const entities = [
      { start: 0, end: 14, type: "PER" },
      { start: 22, end: 27, type: "ORG" },
    ];
    expect(toConll(result(text, entities))).toBe("Eileen\tB-PER\nCollins\tI-PER\njoined\tO\n@NASA\tB-ORG\n.\tO\n");
  });
  it("cuts a word at the edge of a name", () => {
    expect(toConll(result("Berlin-Mitte", [{ start: 0, end: 6, type: "LOC" }]))).toBe("Berlin\tB-LOC\n-Mitte\tO\n");
  });
  it("keeps the surer of two that overlap", () => {
    const entities = [
      { start: 0, end: 8, type: "LOC", score: 0.6 },
      { start: 0, end: 14, type: "ORG", score: 0.9 },
    ];
    expect(toConll(result("New York Times", entities))).toBe("New\tB-ORG\nYork\tI-ORG\nTimes\tI-ORG\n");
  });
  it("begins anew for a name that follows another at once", () => {
    const entities = [
      { start: 0, end: 3, type: "PER" },
      { start: 4, end: 7, type: "PER" },
    ];
    expect(toConll(result("Ada Bob", entities))).toBe("Ada\tB-PER\nBob\tB-PER\n");
  });
  it("leaves an empty line between lines of the text", () => {
    expect(toConll(result("a\nb", []))).toBe("a\tO\n\nb\tO\n");
  });
  it("holds two columns a line, whatever text and labels are", () => {
    const text = fc.string({ unit: "binary", minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(text, fc.string({ minLength: 1, maxLength: 10 }), fc.nat(), fc.nat(), (given, type, a, b) => {
        const start = a % given.length;
        const end = start + 1 + (b % (given.length - start));
        const lines = toConll(result(given, [{ start, end, type }])).split("\n");
        expect(lines.filter((line) => line !== "" && !/^[^\s\x85]+\t[^\s\x85]+$/.test(line))).toEqual([]);
      }),
    );
  });
});

describe("toWebAnnotation", () => {
  it("counts code points, as the standard says", () => {
    const text = "🚀🚀 Ada";
    const { first } = toWebAnnotation(result(text, [{ start: 5, end: 8 }]));
    const [position, quote] = (first.items[0]!.target[0] as SpecificResource).selector;
    expect(position).toEqual({ type: "TextPositionSelector", start: 3, end: 6 });
    expect(quote).toEqual({ type: "TextQuoteSelector", exact: "Ada", prefix: "🚀🚀 ", suffix: "" });
  });
  it("points into the photo", () => {
    const entity = { start: 0, end: 3, region: { box: [1, 2, 11, 22] as const, score: 1 } };
    const { first } = toWebAnnotation(result("Ada", [entity], { width: 50, height: 50 }), {
      page: "https://example.org/post",
      photo: "https://example.org/ada.jpg",
    });
    expect(first.items[0]?.target[1]).toMatchObject({
      source: "https://example.org/ada.jpg",
      selector: [{ type: "FragmentSelector", value: "xywh=pixel:1,2,10,20" }],
    });
  });
  it("gives ids that no other text, page or entry has", () => {
    const idsOf = (text: string, page?: string): string[] => {
      const { id, first } = toWebAnnotation(
        result(text, [
          { start: 0, end: 3 },
          { start: 4, end: 7 },
        ]),
        { page },
      );
      return [id, first.id, ...first.items.map((item) => item.id)];
    };
    const all = [...idsOf("Ada Bob"), ...idsOf("Ada Dan"), ...idsOf("Ada Bob", "https://example.org/")];
    expect(new Set(all).size).toBe(12);
    expect(idsOf("Ada Bob")).toEqual(idsOf("Ada Bob"));
  });
  it("says that it is one of two where it may be either", () => {
    const region = { box: [1, 2, 11, 22] as const, score: 0.5 };
    const entity = { start: 0, end: 3, region, alternatives: [region], ambiguous: true };
    const { first } = toWebAnnotation(result("Ada", [entity], { width: 50, height: 50 }));
    expect(first.items[0]!.target[1]).toMatchObject({ type: "Choice", items: [{}, {}] });
  });
  it("passes on no address that would run when opened", () => {
    const entity = { start: 0, end: 3, region: { box: [1, 2, 11, 22] as const, score: 1 } };
    const hostile = { page: "javascript:alert(1)", photo: "data:text/html,<script>alert(1)</script>" };
    const { first } = toWebAnnotation(result("Ada", [entity], { width: 50, height: 50 }), hostile);
    expect((first.items[0]!.target as SpecificResource[]).map(({ source }) => source)).toEqual([
      "urn:mner-qg:text",
      "urn:mner-qg:photo",
    ]);
  });
});

describe("toCoco", () => {
  it("writes boxes as left, top, width, height under their categories", () => {
    const entity = { start: 0, end: 3, type: "LOC", region: { box: [1, 2, 11, 22] as const, score: 0.5 } };
    const coco = toCoco(result("Kew", [entity, { start: 0, end: 1, type: "PER" }], { width: 50, height: 60 }), {
      photo: "https://example.org/photos/kew%20gardens.jpg?size=2",
    });
    expect(coco.images).toMatchObject([{ id: 1, file_name: "kew gardens.jpg", width: 50, height: 60 }]);
    expect(coco.categories.map(({ name }) => name)).toEqual(["PER", "LOC"]);
    expect(coco.annotations).toMatchObject([{ category_id: 2, bbox: [1, 2, 10, 20], area: 200, score: 0.5 }]);
    expect(coco.annotations[0]!.segmentation).toEqual([[1, 2, 11, 2, 11, 22, 1, 22]]);
  });
  it("writes a shared box once, with all its names, and both boxes of a name that may be either", () => {
    const here = { box: [1, 2, 11, 22] as const, score: 0.5 };
    const there = { box: [20, 2, 31, 22] as const, score: 0.4 };
    const names = [
      { start: 0, end: 3, region: here },
      { start: 4, end: 7, region: here, alternatives: [there], ambiguous: true },
    ];
    const { annotations } = toCoco(result("Ada Bob", names, { width: 50, height: 60 }));
    expect(annotations.map(({ bbox, attributes }) => [bbox[0], attributes.names.map(({ text }) => text)])).toEqual([
      [1, ["Ada", "Bob"]],
      [20, ["Bob"]],
    ]);
  });
  it("has no image without a photo", () => {
    expect(toCoco(result("Ada", [{}]))).toMatchObject({ images: [], annotations: [] });
  });
});

describe("addresses", () => {
  it("lets only http and https through", () => {
    expect(safeAddress("https://example.org/a.jpg")).toBe("https://example.org/a.jpg");
    for (const address of [
      "javascript:alert(1)",
      "data:text/html,x",
      "blob:https://x/1",
      "not an address",
      "",
      undefined,
    ]) {
      expect(safeAddress(address)).toBeNull();
    }
    expect(fileName("https://example.org/%zz")).toBe("%zz");
    expect(fileName("javascript:alert(1)")).toBe("photo");
  });
});

describe("SVG source", () => {
  const hostile = `"><script>alert(1)</script><img src=x onerror='alert(1)'>&amp;`;

  it("escapes everything that came from outside", () => {
    const shapes = [
      { kind: "text", x: 0, y: 0, text: hostile, size: 10, weight: 400, fill: hostile, direction: "ltr" },
      { kind: "photo", x: 0, y: 0, width: 1, height: 1 },
    ] as const;
    const svg = paintSvg({ width: 10, height: 10, shapes }, hostile, hostile, hostile);
    expect(svg).not.toMatch(/<script|<img/);
    expect(svg.match(/&lt;script&gt;/g)).toHaveLength(5);
  });

  it("writes nothing that XML cannot hold", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
        const escaped = escapeXml(String.fromCharCode(...units));
        expect(escaped.isWellFormed()).toBe(true);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these must be gone
        expect(escaped).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff<>"']/);
      }),
    );
  });
});
