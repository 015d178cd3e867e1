// Whatever moment a run is killed at, what is there afterwards is what the journal vouches for, and no more; and a run writes
// to files of its own and no others.
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isMnerError } from "../../core/mner-error.js";
import { openJournal, type RunFiles } from "./journal.js";
import { requireOwn } from "./own-files.js";

let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mner-journal-"));
  out = join(folder, "out.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (options: Partial<RunFiles> = {}) => openJournal({ out, fingerprint: "run", ...options });
/** What a run that was killed leaves: its lock, of a process that is no more. */
const kill = () => writeFileSync(`${out}.lock`, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), began: "1" }));
const content = (path: string) => readFileSync(path, "utf8");

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
    const first = open();
    first.write("a\n");
    first.write("ü\n");
    first.commit(2, 1);
    first.write("c, not yet vouched for\n");
    kill();
    const second = open();
    expect(second.start).toEqual({ records: 2, failed: 1, bytes: 5 });
    second.write("d\n");
    second.commit(3, 1);
    second.finish();
    expect(content(out)).toBe("a\nü\nd\n");
    expect(readdirSync(folder)).toEqual(["out.jsonl"]);
  });

  it("ignores a journal line that was cut off, and writes the next one on a line of its own", () => {
    const first = open();
    first.write("a\n");
    first.commit(1, 0);
    kill();
    appendFileSync(`${out}.journal`, '{"records":2,"fai');
    const second = open();
    expect(second.start.records).toBe(1);
    second.write("b\n");
    second.commit(2, 0);
    kill();
    expect(open().start.records).toBe(2);
  });

  it("starts anew when it was killed before anything was vouched for", () => {
    writeFileSync(`${out}.journal`, '{"finge');
    writeFileSync(`${out}.part`, "half a li");
    const journal = open();
    expect(journal.start).toEqual({ records: 0, failed: 0, bytes: 0 });
    journal.write("a\n");
    journal.finish();
    expect(content(out)).toBe("a\n");
  });

  it("is complete when only the tidying up was missed", () => {
    const first = open();
    first.write("a\n");
    first.commit(1, 1);
    first.write("the end\n");
    const kept = content(`${out}.journal`);
    first.finish();
    writeFileSync(`${out}.journal`, `${kept}{"finished":10}\n`);
    const second = open();
    expect(second.start).toEqual({ records: 1, failed: 1, bytes: 2 });
    second.commit(1, 1);
    second.finish();
    expect(content(out)).toBe("a\nthe end\n");
    expect(readdirSync(folder)).toEqual(["out.jsonl"]);
  });

  it("writes the end of the file once, also when it was killed after writing it", () => {
    const first = open();
    first.write("a\n");
    first.commit(1, 0);
    first.write("end\n");
    appendFileSync(`${out}.journal`, '{"finished":6}\n');
    kill();
    const second = open();
    second.write("end\n");
    second.finish();
    expect(content(out)).toBe("a\nend\n");
  });

  it("leaves the old output until the new one is whole", () => {
    writeFileSync(out, "old");
    open({ restart: true }).commit(0, 0);
    kill();
    expect(content(out)).toBe("old");
    const second = open();
    second.write("new");
    expect(content(out)).toBe("old");
    second.finish();
    expect(content(out)).toBe("new");
  });
});

describe("a run that does not fit", () => {
  it("is refused when input, model or options changed", () => {
    open().commit(1, 0);
    kill();
    expect(codeOf(() => open({ fingerprint: "other run" }))).toBe("input-invalid");
    expect(open({ fingerprint: "other run", restart: true }).start.records).toBe(0);
  });

  it("is refused when the output lost lines", () => {
    const journal = open();
    journal.write("a long line\n");
    journal.commit(1, 0);
    kill();
    truncateSync(`${out}.part`, 3);
    expect(codeOf(() => open())).toBe("input-invalid");
  });

  it("never writes over a finished output unless told to", () => {
    writeFileSync(out, "precious");
    expect(codeOf(() => open())).toBe("output-unwritable");
    expect(content(out)).toBe("precious");
    open({ restart: true }).finish();
    expect(content(out)).toBe("");
  });

  it("says when the folder is not there", () => {
    expect(codeOf(() => open({ out: join(folder, "no", "such", "out") }))).toBe("output-unwritable");
  });
});

describe("files that are not the run's", () => {
  /** Nothing may be written, removed or made, except what `open` itself is about. */
  const expectUntouched = (options: Partial<RunFiles>) => {
    const state = () => readdirSync(folder).map((name) => [name, existsSync(join(folder, name))]);
    const before = JSON.stringify(state());
    expect(codeOf(() => open(options))).toBe("output-unwritable");
    expect(JSON.stringify(state())).toBe(before);
  };

  it.each(["", ".part", ".journal"])("is the input, under the name out%s", (ending) => {
    const input = `${out}${ending}`;
    writeFileSync(input, "precious");
    for (const restart of [false, true]) expectUntouched({ input, restart });
    expect(content(input)).toBe("precious");
  });

  it("is the input by another name: a hard link, a symbolic link, a folder's", () => {
    const input = join(folder, "in.jsonl");
    writeFileSync(input, "precious");
    linkSync(input, out);
    expectUntouched({ input, restart: true });
    rmSync(out);
    symlinkSync(input, out);
    expectUntouched({ input, restart: true });
    rmSync(out);
    mkdirSync(join(folder, "inner"));
    symlinkSync(folder, join(folder, "inner", "back"));
    expectUntouched({ out: join(folder, "inner", "back", "in.jsonl"), input, restart: true });
    expect(content(input)).toBe("precious");
  });

  it("is a device, a pipe or a folder", () => {
    // Only looked at: were this test to fail, it should not take the machine's own file along.
    expect(codeOf(() => requireOwn("/dev/null", null))).toBe("output-unwritable");
    mkdirSync(out);
    expectUntouched({ restart: true });
    rmSync(out, { recursive: true });
    execFileSync("mkfifo", [out]);
    expectUntouched({ restart: true });
  });

  it.each([".part", ".journal"])("is a link planted as out%s", (ending) => {
    const victim = join(folder, "victim");
    writeFileSync(victim, "precious");
    symlinkSync(victim, `${out}${ending}`);
    for (const restart of [false, true]) expectUntouched({ restart });
    rmSync(`${out}${ending}`);
    linkSync(victim, `${out}${ending}`);
    for (const restart of [false, true]) expectUntouched({ restart });
    expect(content(victim)).toBe("precious");
  });

  it("is a .part or .journal that no run made", () => {
    writeFileSync(`${out}.part`, "a download of mine");
    for (const restart of [false, true]) expectUntouched({ restart });
    rmSync(`${out}.part`);
    writeFileSync(`${out}.journal`, "Dear diary,\n");
    for (const restart of [false, true]) expectUntouched({ restart });
  });

  it("is another run's unfinished output", () => {
    open().commit(3, 0);
    kill();
    // Standard input has no fingerprint: nothing tells that it is the same run.
    expect(codeOf(() => open({ fingerprint: null, input: 0 }))).toBe("output-unwritable");
    expect(existsSync(`${out}.part`) && existsSync(`${out}.journal`)).toBe(true);
    expect(codeOf(() => open({ out: `${out}.part`, restart: true }))).toBe("output-unwritable");
  });

  it("is an output that appeared during the run", () => {
    const journal = open();
    journal.write("mine");
    writeFileSync(out, "theirs");
    expect(codeOf(() => journal.finish())).toBe("output-unwritable");
    expect([content(out), content(`${out}.part`)]).toEqual(["theirs", "mine"]);
  });
});

describe("two runs on one output", () => {
  it("do not write together: the second is refused, and the first is not disturbed", () => {
    const first = open();
    first.write("first\n");
    for (const restart of [false, true]) expect(codeOf(() => open({ restart }))).toBe("output-unwritable");
    first.commit(1, 0);
    first.finish();
    expect(content(out)).toBe("first\n");
  });

  it("may follow each other", () => {
    open().suspend();
    open().finish();
    expect(readdirSync(folder)).toEqual(["out.jsonl"]);
  });

  it("tell a lock that a killed run left behind", () => {
    kill();
    open().suspend();
    // The number of the process is in use again, by another one.
    writeFileSync(`${out}.lock`, JSON.stringify({ pid: process.ppid, host: hostname(), began: "1" }));
    open().suspend();
    writeFileSync(`${out}.lock`, JSON.stringify({ pid: process.pid, host: "elsewhere", began: "1" }));
    expect(codeOf(() => open())).toBe("output-unwritable");
  });
});
