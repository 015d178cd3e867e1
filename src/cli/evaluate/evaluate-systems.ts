// `mner-qg evaluate --systems`: several systems on the same gold tweets, in columns: without a photo, with the tweet's own, and
// with a wrong one, which must not hurt.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { MnerError } from "../../core/mner-error.js";
import { ALL_TYPES, readCorpus, type Tweet, tokenSpans } from "../../corpus/index.js";
import { compareSystems, type SystemAnswers, type SystemComparison, type TypedSpan } from "../../metrics/index.js";
import { MANIFEST_FILE } from "../../model/index.js";
import { systemNames } from "../../systems/index.js";
import type { EngineOptions } from "../analysis/engine-options.js";
import { mapInOrder } from "../analysis/in-order.js";
import { findPhoto } from "../analysis/photos.js";
import { openPool } from "../analysis/pool.js";
import type { CommandContext } from "../terminal/context.js";
import { openInput } from "../terminal/input-file.js";
import { startProgress } from "../terminal/progress.js";
import { formatTable } from "../terminal/table.js";

const OWN = "mner-qg";
const AHEAD = 4;
/** Differences that chance would make less often than this are marked. */
const RARE = 0.05;

export interface SystemsOptions {
  readonly gold: string;
  readonly photos: string | null;
  readonly types: readonly string[];
  readonly engine: EngineOptions;
}

export interface Column extends SystemComparison {
  readonly column: "no photo" | "own photo" | "wrong photo";
  /** Tweets that no photo was found for. */
  readonly withoutPhoto: number;
}

export interface SystemsReport {
  readonly columns: readonly Column[];
  /** Systems that have no folder beside the model's. */
  readonly missing: readonly string[];
  readonly failed: number;
  readonly broken: number;
}

/** Folders of the systems asked for; `all` are those that are there. */
export function findSystems(list: string, model: string): { folders: Map<string, string>; missing: string[] } {
  const asked = list === "all" ? systemNames : list.split(",").map((name) => name.trim());
  const unknown = asked.find((name) => !systemNames.includes(name));
  if (unknown !== undefined) {
    throw new MnerError(
      "option-invalid",
      `There is no system "${unknown}". Use all, or some of: ${systemNames.join(", ")}.`,
    );
  }
  const places = new Map(asked.map((name) => [name, name === OWN ? model : resolve(model, "../systems", name)]));
  const isThere = (folder: string): boolean => existsSync(join(folder, MANIFEST_FILE));
  const missing = [...places].filter(([, folder]) => !isThere(folder)).map(([name]) => name);
  if (missing.length > 0 && list !== "all") {
    const [first] = missing as [string];
    throw new MnerError(
      "model-not-found",
      `${places.get(first)} has no ${MANIFEST_FILE}: the system ${first} is not beside the model. Convert or copy its add-on there.`,
    );
  }
  return { folders: new Map([...places].filter(([name]) => !missing.includes(name))), missing };
}

interface Read {
  readonly tweets: readonly Tweet[];
  readonly broken: number;
}

async function readGold(gold: string, context: CommandContext): Promise<Read> {
  const tweets: Tweet[] = [];
  let broken = 0;
  for await (const { tweet, problem } of readCorpus(openInput(gold), "conll")) {
    if (tweet !== null) tweets.push(tweet);
    else {
      broken++;
      context.error(`${problem} It is left out.\n`);
    }
  }
  return { tweets, broken };
}

/** Of each tweet its own photo and another's: the next that differs. */
function photosOf(tweets: readonly Tweet[], folder: string): Record<"own photo" | "wrong photo", (string | null)[]> {
  const own = tweets.map(({ image }) => {
    try {
      return image === null ? null : findPhoto(folder, image);
    } catch {
      return null;
    }
  });
  const there = [...new Set(own.filter((path) => path !== null))];
  const wrong = own.map((path, at) => {
    const others = there.length - (path === null ? 0 : 1);
    if (others === 0) return null;
    const next = path === null ? at : there.indexOf(path) + 1 + (at % others);
    return there[next % there.length]!;
  });
  return { "own photo": own, "wrong photo": wrong };
}

export async function evaluateSystems(
  list: string,
  options: SystemsOptions,
  context: CommandContext,
): Promise<SystemsReport> {
  const { engine, types } = options;
  const { folders, missing } = findSystems(list, engine.choice.model);
  const { tweets, broken } = await readGold(options.gold, context);
  if (tweets.length === 0) throw new MnerError("input-invalid", `${options.gold} holds no tweets that can be read.`);
  const none: (string | null)[] = tweets.map(() => null);
  const photos = options.photos === null ? null : photosOf(tweets, options.photos);
  const plan: [Column["column"], readonly (string | null)[]][] = [["no photo", none]];
  if (photos) plan.push(["own photo", photos["own photo"]], ["wrong photo", photos["wrong photo"]]);
  const gold = tweets.map((tweet) => tokenSpans({ tokens: tweet.tokens!, tags: tweet.tags! }, null, types).gold);
  const answers = new Map<string, SystemAnswers[]>(plan.map(([column]) => [column, []]));
  let failed = 0;
  const progress = startProgress(context, { unit: "tweets", total: tweets.length * plan.length * folders.size });
  for (const [system, model] of folders) {
    const pool = await openPool({
      ...engine,
      choice: { ...engine.choice, model },
      worker: context.worker,
      signal: context.signal,
    });
    try {
      for (const [column, paths] of plan) {
        const found: (readonly TypedSpan[])[] = [];
        const jobs = tweets.map((tweet, at) => ({ tweet, photo: paths[at]! }));
        const answer = async ({ tweet, photo }: (typeof jobs)[number]) => ({
          tweet,
          outcome: await pool.analyse({ text: tweet.text, photo }),
        });
        for await (const { tweet, outcome } of mapInOrder(each(jobs), pool.size * AHEAD, answer)) {
          if (context.signal.aborted)
            throw new MnerError("aborted", "Stopped before all tweets were read; nothing is scored.");
          progress.advance();
          if (outcome.failure !== null) {
            failed++;
            context.error(`${system}: ${outcome.failure.message} All names of that tweet count as missed.\n`);
          }
          found.push(tokenSpans({ tokens: tweet.tokens!, tags: tweet.tags! }, outcome.result, types).found);
        }
        answers.get(column)!.push({ system, found });
      }
    } finally {
      await pool.close();
    }
  }
  progress.finish();
  const columns = plan.map(([column, paths]): Column => {
    const withoutPhoto = paths.filter((path) => path === null).length;
    return { column, withoutPhoto, ...compareSystems(gold, answers.get(column)!) };
  });
  return { columns, missing, failed, broken };
}

async function* each<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}

const figure = (value: number): string => value.toFixed(2);

function rowsOf({ columns }: SystemsReport): { header: string[]; rows: string[][] } {
  const [first] = columns as [Column];
  const header = ["system", ...columns.flatMap(({ column }) => [`F1, ${column}`, "95 %"])];
  const rows = first.systems.map(({ system }, at) => [
    system,
    ...columns.flatMap(({ systems }) => {
      const { f1, interval } = systems[at]!;
      return [figure(f1), `${figure(interval[0])}–${figure(interval[1])}`];
    }),
  ]);
  return { header, rows };
}

function differenceRows({ differences }: Column): string[][] {
  return differences.map(({ one, other, f1, onlyOneRight, onlyOtherRight, p }) => [
    `${one} – ${other}`,
    `${f1 < 0 ? "−" : "+"}${figure(Math.abs(f1))}`,
    String(onlyOneRight),
    String(onlyOtherRight),
    `${p < 0.001 ? "< 0.001" : p.toFixed(3)}${p < RARE ? " *" : ""}`,
  ]);
}

const DIFFERENCES = ["difference", "F1", "only the first right", "only the second right", "p"];

function notes({ columns, missing, failed, broken }: SystemsReport): string[] {
  const [{ tweets }] = columns as [Column];
  const lines = [
    `${tweets} tweets; names strict; 95 % by bootstrap over tweets; p by the exact McNemar test over spans that are gold or found, * below ${RARE}.`,
  ];
  for (const { column, withoutPhoto } of columns) {
    if (column !== "no photo" && withoutPhoto > 0)
      lines.push(`${column}: ${withoutPhoto} tweets have none and are read without.`);
  }
  if (columns.length === 1) lines.push("No photos were given (--photos): no system can be credited for what it sees.");
  if (missing.length > 0) lines.push(`Not beside the model, and left out: ${missing.join(", ")}.`);
  if (failed + broken > 0) lines.push(`${failed} answers failed, ${broken} tweets could not be read.`);
  return lines;
}

export function systemsText(report: SystemsReport): string {
  const { header, rows } = rowsOf(report);
  const parts = [formatTable(header, rows)];
  for (const column of report.columns) {
    if (column.differences.length > 0)
      parts.push(`\n${column.column}\n${formatTable(DIFFERENCES, differenceRows(column))}`);
  }
  return `${parts.join("")}\n${notes(report).join("\n")}\n`;
}

export function systemsMarkdown(report: SystemsReport): string {
  const table = (header: readonly string[], rows: readonly (readonly string[])[]): string => {
    const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
    return line(header) + line(header.map((_, at) => (at === 0 ? "---" : "---:"))) + rows.map(line).join("");
  };
  const { header, rows } = rowsOf(report);
  const parts = [table(header, rows)];
  for (const column of report.columns) {
    if (column.differences.length > 0)
      parts.push(`\n**${column.column}**\n\n${table(DIFFERENCES, differenceRows(column))}`);
  }
  return `${parts.join("")}\n${notes(report).join(" ")}\n`;
}
