// What annotation tools are given is what their formats ask for, and offsets count what those tools count.
import { describe, expect, it } from "vitest";
import type { AnsweredRecord, WrittenResult } from "./write-answers.js";
import { DATASET_FORMATS, DATASET_WRITERS } from "./write-datasets.js";

const box = [10, 20, 110, 220] as const;
function answered(line: number, text: string, names: readonly [string, string, boolean][]): AnsweredRecord {
  const entities = names.map(([name, type, seen]): WrittenResult["entities"][number] => {
    const start = text.indexOf(name);
    return { start, end: start + name.length, text: name, type, score: 0.9, region: seen ? { box, score: 0.8 } : null };
  });
  const result: WrittenResult = { image: { width: 200, height: 400 }, entities, queries: [], notices: [] };
  const tweet = { text, image: `${line}.jpg`, id: `t${line}` };
  return { record: { line, tweet, problem: null }, outcome: { result, failure: null } };
}

const failed: AnsweredRecord = {
  record: { line: 9, tweet: null, problem: "x" },
  outcome: { result: null, failure: { code: "input-invalid", message: "x" } },
};
const all = [
  answered(1, "🚀 Ada met\nBob in Rome", [
    ["Ada", "PER", true],
    ["Bob", "PER", true],
    ["Rome", "LOC", false],
  ]),
  failed,
  answered(2, "Ada again", [["Ada", "PER", true]]),
];
const parsed = (format: "coco" | "webanno" | "labelstudio") =>
  JSON.parse(DATASET_WRITERS[format].write(all)[0]!.content);

describe("data sets", () => {
  it("hold a shared box once in COCO, under ids that do not repeat", () => {
    const { images, annotations, categories } = parsed("coco");
    expect(images.map(({ id, file_name }: { id: number; file_name: string }) => [id, file_name])).toEqual([
      [1, "1.jpg"],
      [2, "2.jpg"],
    ]);
    expect(annotations).toHaveLength(2);
    expect(annotations[0]).toMatchObject({
      id: 1,
      image_id: 1,
      category_id: 1,
      bbox: [10, 20, 100, 200],
      area: 20_000,
    });
    expect(annotations[0].attributes.names.map(({ text }: { text: string }) => text)).toEqual(["Ada", "Bob"]);
    expect(annotations[0].segmentation).toEqual([[10, 20, 110, 20, 110, 220, 10, 220]]);
    expect(categories.map(({ name }: { name: string }) => name)).toEqual(["PER", "LOC"]);
  });

  it("count code points in Web Annotation and brat", () => {
    const { total, first } = parsed("webanno");
    expect(total).toBe(4);
    expect(new Set(first.items.map(({ id }: { id: string }) => id)).size).toBe(4);
    expect(first.items[0].target[0].selector[0]).toEqual({ type: "TextPositionSelector", start: 2, end: 5 });
    const [text, notes] = DATASET_WRITERS.brat.write(all).map(({ content }) => content);
    const characters = [...text!];
    const lines = notes!.split("\n").filter((line) => line.startsWith("T"));
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      const [, where, name] = line.split("\t");
      const [, start, end] = where!.split(" ");
      expect(characters.slice(Number(start), Number(end)).join("")).toBe(name);
    }
    expect(text!.split("\n")).toEqual(["🚀 Ada met Bob in Rome", "Ada again", ""]);
  });

  it("measure boxes in percent for Label Studio", () => {
    const [task] = parsed("labelstudio");
    expect(task.data).toMatchObject({ image: "1.jpg", line: 1, tweet_id: "t1" });
    const boxes = task.predictions[0].result.filter(({ type }: { type: string }) => type === "rectanglelabels");
    expect(boxes).toHaveLength(1);
    expect(boxes[0].value).toMatchObject({ x: 5, y: 5, width: 50, height: 50, rectanglelabels: ["PER"] });
  });

  it.each(DATASET_FORMATS)("are whole without any tweet (%s)", (format) => {
    for (const { content, ending } of DATASET_WRITERS[format].write([])) {
      if (/json/.test(ending)) expect(() => JSON.parse(content)).not.toThrow();
    }
  });
});
