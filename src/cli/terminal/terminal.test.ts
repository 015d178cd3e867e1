// What the terminal is told: options understood or refused by name, progress that suits where it goes, tables that line up.
import { describe, expect, it } from "vitest";
import { isMnerError } from "../../core/mner-error.js";
import { run } from "../run.js";
import type { CommandContext } from "./context.js";
import { choiceOption, integerOption, numberOption, parseOptions, requiredOption, textOption } from "./options.js";
import { startProgress } from "./progress.js";
import { formatBytes, formatSeconds, formatTable } from "./table.js";

function listen(interactive: boolean): { context: CommandContext; lines: string[] } {
  const lines: string[] = [];
  const worker = new URL("file:///worker.js");
  const context = {
    out: () => {},
    error: (text: string) => void lines.push(text),
    interactive,
    signal: new AbortController().signal,
    worker,
  };
  return { context, lines };
}

const usageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (isMnerError(error) && error.code === "usage") return error.message;
    throw error;
  }
  return "nothing thrown";
};

describe("the terminal", () => {
  it("is told nothing that it would act on", async () => {
    const { context, lines } = listen(false);
    await run(["\u001b]0;owned\u0007\u009b2J"], context);
    await run(["annotate", "\u001b[31m.xyz"], context);
    await run(["annotate", "a.jsonl", "--\u001b[2J"], context);
    expect(lines.join("")).toContain("owned");
    expect(lines.join("")).not.toMatch(/[^\P{Cc}\n]/u);
  });
});

describe("options", () => {
  it("are read by kind", () => {
    const { values, positionals } = parseOptions(
      ["in.csv", "--jobs", "3", "--json", "--rate=0.5"],
      { jobs: "string", json: "boolean", rate: "string" },
      1,
    );
    expect(positionals).toEqual(["in.csv"]);
    expect(integerOption(values, "jobs", 1, 9, 1)).toBe(3);
    expect(numberOption(values, "rate", 0, 1)).toBe(0.5);
    expect([values.json, textOption(values, "absent"), integerOption(values, "absent", 1, 9, 7)]).toEqual([
      true,
      undefined,
      7,
    ]);
  });

  it("are refused with what is allowed", () => {
    const kinds = { jobs: "string", bits: "string", json: "boolean" } as const;
    expect(usageOf(() => parseOptions(["--job", "1"], kinds, 0))).toContain("--job");
    expect(usageOf(() => parseOptions(["--json=yes"], kinds, 0))).toContain("--json");
    expect(usageOf(() => parseOptions(["a", "b"], kinds, 1))).toContain('"b"');
    const { values } = parseOptions(["--jobs", "1.5", "--bits", "7"], kinds, 0);
    expect(usageOf(() => integerOption(values, "jobs", 1, 9, 1))).toContain("from 1 to 9");
    expect(usageOf(() => integerOption({ jobs: "10" }, "jobs", 1, 9, 1))).toContain("from 1 to 9");
    expect(usageOf(() => choiceOption(values, "bits", ["8", "16"], "8"))).toContain("8, 16");
    expect(usageOf(() => numberOption(values, "bits", 0, 1))).toContain("from 0 to 1");
    expect(usageOf(() => requiredOption(values, "gold"))).toContain("--gold is missing");
  });
});

describe("progress", () => {
  it("redraws one line on a terminal, with rate and time left", () => {
    const { context, lines } = listen(true);
    let now = 0;
    const progress = startProgress(context, { unit: "tweets", total: 10, now: () => now });
    for (let count = 0; count < 5; count++) {
      now += 1000;
      progress.advance();
    }
    progress.finish();
    expect(lines.every((line) => line.startsWith("\r") || line === "\n")).toBe(true);
    expect(lines.at(-2)).toContain("5 / 10 tweets, 1.0/s, 5 s left");
    expect(lines.at(-2)).toContain("████████████············");
  });

  it("writes few plain lines elsewhere, and does not count what an earlier run did as speed", () => {
    const { context, lines } = listen(false);
    let now = 0;
    const progress = startProgress(context, { unit: "tweets", total: 1000, done: 900, now: () => now });
    for (let count = 0; count < 100; count++) {
      now += 250;
      progress.advance();
    }
    progress.finish();
    expect(lines.length).toBe(3);
    expect(lines[0]).toBe("940 / 1000 tweets, 4.0/s, 15 s left\n");
    expect(lines.join("")).not.toContain("\r");
  });

  it("does without a total", () => {
    const { context, lines } = listen(false);
    const progress = startProgress(context, { unit: "tweets", total: null, now: () => 0 });
    progress.advance(3);
    progress.finish();
    expect(lines).toEqual(["3 tweets\n"]);
  });
});

describe("tables", () => {
  it("line up, text left and numbers right", () => {
    expect(
      formatTable(
        ["name", "n"],
        [
          ["a", "10"],
          ["longer", "2"],
        ],
      ),
    ).toBe("name     n\n──────  ──\na       10\nlonger   2\n");
  });

  it("say sizes and times as people do", () => {
    expect([formatBytes(12), formatBytes(2048), formatBytes(180 * 2 ** 20)]).toEqual(["12 B", "2.0 KiB", "180.0 MiB"]);
    expect([formatSeconds(8.4), formatSeconds(200), formatSeconds(7500)]).toEqual(["8 s", "3 min 20 s", "2 h 5 min"]);
  });
});
