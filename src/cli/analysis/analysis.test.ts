// Order is kept whatever finishes first, and a photo's name leads nowhere but into the photos' folder.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isMnerError, MnerError } from "../../core/mner-error.js";
import { mapInOrder } from "./in-order.js";
import { answerJob } from "./job.js";
import { findPhoto } from "./photos.js";

describe("mapInOrder", () => {
  it("gives every answer once, in order, with at most so many at work", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(5), { maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        async (delays, width) => {
          let working = 0;
          let most = 0;
          async function* items() {
            yield* delays.entries();
          }
          const work = async ([index, delay]: [number, number]) => {
            most = Math.max(most, ++working);
            for (let turn = 0; turn < delay; turn++) await Promise.resolve();
            working--;
            return index;
          };
          const answers: number[] = [];
          for await (const answer of mapInOrder(items(), width, work)) answers.push(answer);
          expect(answers).toEqual(delays.map((_, index) => index));
          expect(most).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});

describe("photos", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mner-photos-"));
    mkdirSync(join(folder, "photos", "sub"), { recursive: true });
    writeFileSync(join(folder, "secret.txt"), "secret");
    writeFileSync(join(folder, "photos", "17_06_1.jpg"), "photo");
    writeFileSync(join(folder, "photos", "sub", "b.png"), "photo");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const find = (name: string): string => {
    try {
      return findPhoto(join(folder, "photos"), name);
    } catch (error) {
      if (isMnerError(error)) return error.code;
      throw error;
    }
  };

  it("are found by name, in folders below, and by an id without ending", () => {
    expect(find("17_06_1")).toBe(join(folder, "photos", "17_06_1.jpg"));
    expect(find("sub/../sub/b.png")).toBe(join(folder, "photos", "sub", "b.png"));
  });

  it("are not found through links that lead out, and are through links within", () => {
    symlinkSync(join(folder, "secret.txt"), join(folder, "photos", "link.jpg"));
    symlinkSync(folder, join(folder, "photos", "up"));
    symlinkSync(join(folder, "photos", "17_06_1.jpg"), join(folder, "photos", "same.jpg"));
    symlinkSync(join(folder, "photos"), join(folder, "album"));
    for (const name of ["link.jpg", "link", "up/secret.txt", "up/photos/../secret.txt"])
      expect(find(name), name).toBe("input-invalid");
    expect(find("same")).toBe(join(folder, "photos", "17_06_1.jpg"));
    // The folder itself may be a link: that is the reader's own word.
    expect(findPhoto(join(folder, "album"), "17_06_1")).toBe(join(folder, "photos", "17_06_1.jpg"));
  });

  it("are not found anywhere else", () => {
    for (const name of [
      "../secret.txt",
      "sub/../../secret.txt",
      join(folder, "secret.txt"),
      "..",
      "a\0.jpg",
      "https://example.org/a.jpg",
      "file:///etc/hosts",
    ]) {
      expect(find(name), name).toBe("input-invalid");
    }
    expect(find("missing")).toBe("image-unreadable");
    expect(find("sub")).toBe("image-unreadable");
  });

  it("are given to the engine by full path, which nothing but a file can have", async () => {
    const asked: unknown[] = [];
    const analyze = async ({ image }: { readonly image?: unknown }) => {
      asked.push(image);
      return { notices: [] as const } as never;
    };
    for (const photo of ["photos/17_06_1.jpg", null]) await answerJob({ text: "a", photo }, analyze);
    expect(asked).toEqual([join(process.cwd(), "photos/17_06_1.jpg"), null]);
  });

  it("that take too long are given up, whoever does the work", async () => {
    const slow = ({ signal }: { readonly signal?: AbortSignal }) =>
      new Promise<never>((_, reject) => {
        signal!.addEventListener("abort", () => reject(new MnerError("aborted", "stopped")));
      });
    const { failure } = await answerJob({ text: "a", photo: null, seconds: 0.01 }, slow);
    expect(failure?.code).toBe("too-slow");
  });
});
