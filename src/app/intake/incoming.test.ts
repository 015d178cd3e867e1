// Files are told apart by what they are, not by what they are called alone.
import { describe, expect, it } from "vitest";
import { nothing, sortFiles, unknownFiles } from "./incoming.js";

const file = (name: string, content = "", type = "") => new File([content], name, { type });
const names = (files: readonly File[]) => files.map(({ name }) => name);

describe("sortFiles", () => {
  it("tells photos by type or ending", async () => {
    const sorted = await sortFiles([file("a.JPG"), file("b", "", "image/png"), file("c.webp", "", "image/webp")]);
    expect(names(sorted.photos)).toEqual(["a.JPG", "b", "c.webp"]);
    expect(sorted.unknown).toEqual([]);
  });

  it("tells a corpus in a .txt file from a tweet in one", async () => {
    const sorted = await sortFiles([
      file("train.txt", "IMGID:12\nNASA\tB-ORG\n"),
      file("plain.txt", "NASA B-ORG\nrocks O\n"),
      file("tweet.txt", " I saw the IMGID: sign\n"),
    ]);
    expect(names(sorted.tables)).toEqual(["train.txt", "plain.txt"]);
    expect(sorted.text).toBe("I saw the IMGID: sign");
  });

  it("says which files it cannot use, but passes over what systems leave in folders", async () => {
    const sorted = await sortFiles([
      file("paper.pdf"),
      file(".DS_Store"),
      file("Thumbs.db"),
      file("logo.svg", "", "image/svg+xml"),
    ]);
    expect(sorted).toEqual({ ...nothing, unknown: ["paper.pdf", "logo.svg"] });
    expect(unknownFiles(["a", "b", "c", "d", "e"]).message).toContain("“a”, “b”, “c” and 2 more");
  });
});
