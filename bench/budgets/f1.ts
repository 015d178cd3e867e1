// What 8-bit weights cost in F1: the shipped weights in the built engine on the dev splits, against what the model's
// manifest records of the same network at 32 bits in PyTorch. Needs the tweets, which may not be copied into this
// repository: ../shared/data, or the folder in MNER_QG_DATA. What was measured for a build is remembered.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ROOT } from "../harness/root.js";
import type { Row } from "./row.js";

const DATA = process.env.MNER_QG_DATA ?? join(ROOT, "../shared/data");
const CORPORA = ["twitter2015", "twitter2017"] as const;
/** The last figures from a machine that has the tweets, kept with the code. */
const RECORD = join(ROOT, "bench/f1.json");
const REMEMBERED = join(ROOT, ".cache/bench/f1.json");
const JOBS = String(Math.min(4, availableParallelism()));
const MODEL = join(ROOT, "dist/models/mner-qg-mini");

interface Figures {
  readonly date: string;
  /** SHA-256 of the model's manifest, which names the weights' own hashes. */
  readonly model: string;
  /** Of the built engine too, where it was measured. */
  readonly build?: string;
  /** Where the figures come from, when not from this command. */
  readonly source?: string;
  readonly strict: Readonly<Record<string, number>>;
}

export function f1Rows(): Row[] {
  const manifestText = readFileSync(join(MODEL, "manifest.json"), "utf8");
  const model = hash([manifestText]);
  const manifest = JSON.parse(manifestText) as { metrics: Record<string, { strict?: number }> };
  const { figures, note } = haveFigures(model);
  return CORPORA.map((corpus) => {
    const before = manifest.metrics[corpus]?.strict;
    const after = figures?.strict[corpus];
    const known = before !== undefined && after !== undefined;
    return {
      name: `F1 lost to 8 bits, ${corpus} dev`,
      found: known ? before - after : null,
      limit: 0.3,
      unit: "points",
      note: known ? `${after.toFixed(2)} of ${before.toFixed(2)}, ${note}` : note,
    };
  });
}

function haveFigures(model: string): { figures: Figures | null; note: string } {
  if (!existsSync(join(DATA, CORPORA[0], "valid.txt"))) {
    const why = "NOT measured now: the tweets are not here";
    const kept = readFigures(RECORD);
    if (kept === null) return { figures: null, note: why };
    if (kept.model !== model)
      return { figures: null, note: `${why}, and the figures of ${kept.date} are of other weights` };
    return {
      figures: kept,
      note: `${why}; these are the figures of ${kept.date} for these weights${kept.source ? `, from ${kept.source}` : ""}`,
    };
  }
  const build = hash(readdirSync(join(ROOT, "dist/node"), { recursive: true }).map(String).sort().map(contentOf));
  const remembered = readFigures(REMEMBERED);
  if (remembered?.model === model && remembered.build === build) {
    return { figures: remembered, note: `measured on ${remembered.date} with this very build` };
  }
  const strict = Object.fromEntries(CORPORA.map((corpus) => [corpus, evaluate(corpus)]));
  const figures: Figures = { date: new Date().toISOString().slice(0, 10), model, strict };
  mkdirSync(join(ROOT, ".cache/bench"), { recursive: true });
  writeFileSync(REMEMBERED, JSON.stringify({ ...figures, build }));
  const kept = readFigures(RECORD);
  // Figures of another's words give way to measured ones; measured ones stay until the weights change.
  if (kept?.model !== model || kept.source !== undefined)
    writeFileSync(RECORD, `${JSON.stringify(figures, null, 2)}\n`);
  return { figures, note: "measured now" };
}

/** The command line as it ships, without photos: no tweet's own photo is to be had. */
function evaluate(corpus: string): number {
  console.log(`Evaluating ${corpus} dev at 8 bits; this takes some minutes, once per build.`);
  const options = ["evaluate", "--gold", join(DATA, corpus, "valid.txt"), "--model", MODEL, "--json", "--jobs", JOBS];
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "dist/node/main.js"), ...options], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`mner-qg evaluate failed: ${stderr}`);
  return strictF1(JSON.parse(stdout));
}

function strictF1(scores: { ner?: { strict?: { f1?: number } } }): number {
  const f1 = scores.ner?.strict?.f1;
  if (f1 === undefined) throw new Error("mner-qg evaluate gave no strict F1.");
  return f1;
}

const readFigures = (path: string): Figures | null =>
  existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Figures) : null;

function contentOf(name: string): string {
  const path = join(ROOT, "dist/node", name);
  return /\.(?:js|wasm)$/.test(name) ? readFileSync(path, "latin1") : "";
}

function hash(parts: readonly string[]): string {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(part);
  return sum.digest("hex");
}
