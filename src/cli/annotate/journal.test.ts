// Whatever moment a run is killed at, what is there afterwards is what the journal vouches for, and no more.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isMnerError } from "../../core/mner-error.js";
import { forgetRun, openJournal } from "./journal.js";

let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mner-journal-"));
  out = join(folder, "out.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return isMnerError(error) ? error.code : String(error);
  }
  return "nothing thrown";
};

describe("a run that is killed", () => {
  it("goes on after the last commit and drops what was written since", () => {
    const first = openJournal(out, "run", false);
    first.write("a\n");
    first.write("ü\n");
    first.commit(2, 1);
    first.write("c, not yet vouched for\n");
    const second = openJournal(out, "run", false);
    expect(second.start).toEqual({ records: 2, failed: 1, bytes: 5 });
    second.write("d\n");
    second.commit(3, 1);
    second.finish();
    expect(readFileSync(out, "utf8")).toBe("a\nü\nd\n");
    expect(existsSync(`${out}.journal`) || existsSync(`${out}.part`)).toBe(false);
  });

  it("ignores a journal line that was cut off, and writes the next one on a line of its own", () => {
    const first = openJournal(out, "run", false);
    first.write("a\n");
    first.commit(1, 0);
    appendFileSync(`${out}.journal`, '{"records":2,"fai');
    const second = openJournal(out, "run", false);
    expect(second.start.records).toBe(1);
    second.write("b\n");
    second.commit(2, 0);
    expect(openJournal(out, "run", false).start.records).toBe(2);
  });

  it("starts anew when it was killed before anything was vouched for", () => {
    writeFileSync(`${out}.journal`, '{"finge');
    writeFileSync(`${out}.part`, "half a li");
    const journal = openJournal(out, "run", false);
    expect(journal.start).toEqual({ records: 0, failed: 0, bytes: 0 });
    journal.write("a\n");
    journal.finish();
    expect(readFileSync(out, "utf8")).toBe("a\n");
  });

  it("is complete when only the tidying up was missed", () => {
    const first = openJournal(out, "run", false);
    first.write("a\n");
    first.commit(1, 1);
    const kept = readFileSync(`${out}.journal`);
    first.finish();
    writeFileSync(`${out}.journal`, kept);
    const second = openJournal(out, "run", false);
    expect(second.start).toEqual({ records: 1, failed: 1, bytes: 2 });
    second.commit(1, 1);
    second.finish();
    expect(readFileSync(out, "utf8")).toBe("a\n");
    expect(existsSync(`${out}.journal`)).toBe(false);
  });
});

describe("a run that does not fit", () => {
  it("is refused when input, model or options changed", () => {
    openJournal(out, "run", false).commit(1, 0);
    expect(codeOf(() => openJournal(out, "other run", false))).toBe("input-invalid");
    expect(openJournal(out, "other run", true).start.records).toBe(0);
  });

  it("is refused when the output lost lines", () => {
    const journal = openJournal(out, "run", false);
    journal.write("a long line\n");
    journal.commit(1, 0);
    truncateSync(`${out}.part`, 3);
    expect(codeOf(() => openJournal(out, "run", false))).toBe("input-invalid");
  });

  it("never writes over a finished output unless told to", () => {
    writeFileSync(out, "precious");
    expect(codeOf(() => openJournal(out, "run", false))).toBe("output-unwritable");
    expect(readFileSync(out, "utf8")).toBe("precious");
    openJournal(out, "run", true).finish();
    expect(readFileSync(out, "utf8")).toBe("");
  });

  it("says when the folder is not there", () => {
    expect(codeOf(() => openJournal(join(folder, "no", "such", "out"), "run", false))).toBe("output-unwritable");
    forgetRun(out);
  });
});
