// `mner-qg evaluate`: scores the model on gold tweets, the way it is used: the tokens are joined into raw text first, and what
// is found there is mapped back.

import { MnerError } from "../../core/mner-error.js";
import {
  ALL_TYPES,
  type CorpusRecord,
  createTweetScorer,
  formatOf,
  type GoldPhoto,
  readCorpus,
  type Tweet,
  type TweetScores,
} from "../../corpus/index.js";
import type { Score } from "../../metrics/index.js";
import { ENGINE_HELP, ENGINE_OPTIONS, engineOptions } from "../analysis/engine-options.js";
import { mapInOrder } from "../analysis/in-order.js";
import { failureOf, type JobOutcome } from "../analysis/job.js";
import { findPhoto } from "../analysis/photos.js";
import { type AnalysisPool, openPool } from "../analysis/pool.js";
import { type CommandContext, EXIT } from "../terminal/context.js";
import { openInput, surveyInput } from "../terminal/input-file.js";
import { choiceOption, parseOptions, requiredOption, textOption, usage } from "../terminal/options.js";
import { startProgress } from "../terminal/progress.js";
import { formatTable } from "../terminal/table.js";
import { evaluateSystems, systemsMarkdown, systemsText } from "./evaluate-systems.js";
import { readBoxes } from "./gold-files.js";

export const EVALUATE_HELP = `mner-qg evaluate --gold FILE.conll [options]

Scores a model on gold tweets: names (strict: spans begin with B- only; lenient: I- begins one too, as seqeval has it),
existence per tweet and type, and with photos and gold boxes also grounding, GMNER and EEG. All scores are percentages
(only the calibration error is a fraction). Tokens are joined into raw text by one rule, and names mapped back to tokens.

  --gold FILE            CoNLL with tags; MISC counts as OTHER
  --photos DIR           photos by the id of IMGID: lines (.jpg, .png, .webp …)
  --boxes FILE           gold boxes: {id: {width, height, boxes: [{entity, type, box}]}}; an id without an entry shows nothing
  --types A,B            which types to score (default: all four, less those that a gold file with 100 names never uses)
  --systems all|A,B      one table of several systems, with intervals and tests of their differences; add-ons are looked for
                         beside the model, in ../systems/NAME. With --photos also in columns: own photo, wrong photo
  --format text|markdown how that table is printed (default text)
${ENGINE_HELP}
  --json                 one JSON object on standard output

Exit status: 0 all tweets were scored, 1 some could not be read or analysed, 2 the command was not understood.
`;

/** Tweets read ahead per thread. */
const AHEAD = 4;

interface Answered {
  readonly record: CorpusRecord;
  readonly outcome: JobOutcome;
  /** What came of the tweet's photo. */
  readonly photo: PhotoState;
}

type PhotoState = "none" | "read" | "missing" | "broken";

interface Counts {
  failed: number;
  broken: number;
  readonly photos: Record<PhotoState, number>;
}

export async function evaluateCommand(argv: readonly string[], context: CommandContext): Promise<number> {
  const { values } = parseOptions(
    argv,
    {
      gold: "string",
      photos: "string",
      boxes: "string",
      types: "string",
      systems: "string",
      format: "string",
      ...ENGINE_OPTIONS,
      json: "boolean",
    },
    0,
  );
  if (values.help === true) {
    context.out(EVALUATE_HELP);
    return EXIT.ok;
  }
  const gold = requiredOption(values, "gold");
  if (formatOf(gold) !== "conll")
    throw usage(`--gold needs a CoNLL file with tags, but "${gold}" is named as another kind.`);
  const boxes = textOption(values, "boxes");
  const photos = textOption(values, "photos") ?? null;
  if (boxes !== undefined && photos === null) throw usage("--boxes needs --photos: boxes are found in photos.");
  const goldBoxes = boxes === undefined ? null : readBoxes(boxes);
  const types = readTypes(textOption(values, "types"));
  const engine = engineOptions(values);
  const { records } = await surveyInput(gold, "conll");
  if (records === 0)
    throw new MnerError("input-invalid", `${gold} holds no tweets. Is it CoNLL, one token and tag per line?`);
  const systems = textOption(values, "systems");
  if (systems !== undefined) {
    const format = choiceOption(values, "format", ["text", "markdown"], "text");
    const report = await evaluateSystems(systems, { gold, photos, types: types ?? ALL_TYPES, engine }, context);
    if (values.json === true) context.out(`${JSON.stringify(report)}\n`);
    else context.out(format === "markdown" ? systemsMarkdown(report) : systemsText(report));
    return report.failed + report.broken > 0 ? EXIT.someFailed : EXIT.ok;
  }
  const started = performance.now();
  const pool = await openPool({ ...engine, worker: context.worker, signal: context.signal });
  try {
    const { scores, counts } = await scoreAll(gold, photos, goldBoxes, types, records, pool, context);
    const seconds = (performance.now() - started) / 1000;
    if (values.json === true) context.out(`${JSON.stringify(toJson(scores, counts, pool, seconds))}\n`);
    else context.out(toText(scores, counts, pool, seconds));
    return counts.failed + counts.broken > 0 ? EXIT.someFailed : EXIT.ok;
  } finally {
    await pool.close();
  }
}

function readTypes(list: string | undefined): string[] | undefined {
  if (list === undefined) return undefined;
  const types = list.split(",").map((type) =>
    type
      .trim()
      .toUpperCase()
      .replace(/^MISC$/, "OTHER"),
  );
  const unknown = types.find((type) => !ALL_TYPES.includes(type));
  if (unknown !== undefined) throw usage(`--types has "${unknown}", but knows only ${ALL_TYPES.join(", ")}.`);
  return [...new Set(types)];
}

async function scoreAll(
  gold: string,
  photos: string | null,
  boxes: ReadonlyMap<string, GoldPhoto> | null,
  types: readonly string[] | undefined,
  total: number,
  pool: AnalysisPool,
  context: CommandContext,
): Promise<{ scores: TweetScores; counts: Counts }> {
  const scorer = createTweetScorer(types);
  const counts: Counts = { failed: 0, broken: 0, photos: { none: 0, read: 0, missing: 0, broken: 0 } };
  const progress = startProgress(context, { unit: "tweets", total });
  const source = readCorpus(openInput(gold), "conll");
  for await (const answered of mapInOrder(source, pool.size * AHEAD, (record) => answer(record, photos, pool))) {
    if (context.signal.aborted)
      throw new MnerError("aborted", "Stopped before all tweets were read; nothing is scored.");
    const { record, outcome, photo } = answered;
    progress.advance();
    if (record.tweet === null) {
      counts.broken++;
      context.error(`${record.problem} It is left out.\n`);
      continue;
    }
    if (outcome.failure !== null) {
      counts.failed++;
      context.error(`Line ${record.line}: ${outcome.failure.message} All its names count as missed.\n`);
    }
    counts.photos[photo]++;
    const { tokens, tags, id } = record.tweet;
    scorer.add(
      { tokens: tokens!, tags: tags!, photo: boxes === null ? undefined : (boxes.get(id ?? "") ?? null) },
      outcome.result,
    );
  }
  progress.finish();
  return { scores: scorer.scores(), counts };
}

async function answer(record: CorpusRecord, photos: string | null, pool: AnalysisPool): Promise<Answered> {
  const { tweet } = record;
  if (tweet === null) {
    return { record, outcome: failureOf(new MnerError("input-invalid", record.problem ?? "")), photo: "none" };
  }
  const place = photos === null || tweet.image === null ? null : placeOf(photos, tweet);
  if (place !== null && "path" in place) {
    const outcome = await pool.analyse({ text: tweet.text, photo: place.path });
    // A photo that cannot be read leaves a tweet without one, which is scored all the same.
    const isBroken = outcome.result?.image === null;
    return { record, outcome, photo: isBroken ? "broken" : "read" };
  }
  const photo = place === null ? "none" : "missing";
  return { record, outcome: await pool.analyse({ text: tweet.text, photo: null }), photo };
}

function placeOf(folder: string, tweet: Tweet): { readonly path: string } | { readonly missing: true } {
  try {
    return { path: findPhoto(folder, tweet.image!) };
  } catch {
    return { missing: true };
  }
}

function toJson(scores: TweetScores, counts: Counts, pool: AnalysisPool, seconds: number): object {
  const { read, missing, broken } = counts.photos;
  return {
    ...scores,
    failed: counts.failed,
    broken: counts.broken,
    photos: { read, missing, broken },
    backend: pool.backend,
    model: `${pool.model.name} ${pool.model.version}`,
    seconds: Number(seconds.toFixed(2)),
  };
}

function toText(scores: TweetScores, counts: Counts, pool: AnalysisPool, seconds: number): string {
  const row = (name: string, { precision, recall, f1, gold, predicted }: Score): string[] => [
    name,
    ...[precision, recall, f1].map((rate) => rate.toFixed(2)),
    String(gold),
    String(predicted),
  ];
  const { ner, existence, grounding, gmner, eeg } = scores;
  const rows = [row("names, strict", ner.strict)];
  for (const type of scores.types) rows.push(row(`  ${type}`, ner.strict.perType[type]!));
  rows.push(row("names, lenient", ner.lenient));
  for (const type of scores.types) rows.push(row(`  ${type}`, ner.lenient.perType[type]!));
  rows.push(row("existence", existence));
  if (gmner !== null) rows.push(row("GMNER triples", gmner));
  if (eeg !== null) rows.push(row("EEG pairs", eeg));
  if (grounding !== null) rows.push(row("not in the photo", grounding.none));
  const lines = [formatTable(["", "precision", "recall", "F1", "gold", "found"], rows)];
  if (grounding !== null) {
    const { n, accAt50, accAt75, meanIou } = grounding;
    lines.push(
      `grounding over ${n} types seen in photos: Acc@0.5 ${accAt50.toFixed(2)}, Acc@0.75 ${accAt75.toFixed(2)}, mean IoU ${meanIou.toFixed(2)}\n`,
    );
  }
  const { read, missing, broken } = counts.photos;
  if (read + missing + broken > 0) lines.push(`photos: ${read} read, ${missing} missing, ${broken} broken\n`);
  lines.push(
    `${scores.tweets} tweets in ${seconds.toFixed(1)} s, ${pool.model.name} ${pool.model.version} on ${pool.backend}, ` +
      `calibration error ${scores.calibrationError.toFixed(4)}\n`,
  );
  const left = ALL_TYPES.filter((type) => !scores.types.includes(type));
  if (left.length > 0) lines.push(`not scored: ${left.join(", ")} (--types says which)\n`);
  return lines.join("");
}
