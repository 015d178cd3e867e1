// `mner-qg annotate`: names and boxes for a file of tweets, however long. Runs in constant memory, keeps the input's order,
// and goes on where it was after any kind of end.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MnerError } from "../../core/mner-error.js";
import {
  ANSWER_FORMATS,
  ANSWER_WRITERS,
  type AnsweredRecord,
  type AnswerFormat,
  type CorpusFormat,
  type CorpusRecord,
  formatOf,
  readCorpus,
  type Tweet,
} from "../../corpus/index.js";
import { MANIFEST_FILE } from "../../model/index.js";
import { ENGINE_HELP, ENGINE_OPTIONS, type EngineOptions, engineOptions } from "../analysis/engine-options.js";
import { mapInOrder } from "../analysis/in-order.js";
import { type AnalysisJob, failureOf } from "../analysis/job.js";
import { findPhoto } from "../analysis/photos.js";
import { type AnalysisPool, openPool } from "../analysis/pool.js";
import { type CommandContext, EXIT } from "../terminal/context.js";
import { openInput, surveyInput } from "../terminal/input-file.js";
import { choiceOption, numberOption, type OptionValues, parseOptions, textOption, usage } from "../terminal/options.js";
import { startProgress } from "../terminal/progress.js";
import { type Journal, openJournal } from "./journal.js";

export const ANNOTATE_HELP = `mner-qg annotate INPUT [options]

Finds names, and where they are seen, in a file of tweets. INPUT is JSON lines ({"text", "image", "id"}), CSV (columns text,
image, id) or CoNLL with IMGID: lines; "-" reads JSON lines from standard input. Order is kept. A broken line
becomes an error record and the run goes on; a run that was stopped or killed goes on where it was when it is given again.

  --photos DIR           the folder with the photos (default: the input's own folder, for files that name photos)
  --out FILE             where the answers go (default: standard output, which cannot be resumed)
  --format FORMAT        ${ANSWER_FORMATS.join(", ")} (default: jsonl)
  --input-format FORMAT  jsonl, csv or conll, when the input's name does not tell
${ENGINE_HELP}
  --threshold P          least score of a name, 0 to 1 (default: the model's own)
  --nested               keep overlapping names of different types
  --strict-photo         a photo that cannot be read makes an error record (default: its text is read without it, with a notice)
  --seconds N            the most that one record may take (default 60); a longer one becomes an error record
  --restart              forget an earlier run and write over its output

Exit status: 0 every record was answered, 1 some are error records, 2 the command was not understood.
`;

/** Records between two flushes to the disk, and the time after which one is made anyway. */
const COMMIT_RECORDS = 32;
const COMMIT_MILLISECONDS = 1000;
/** Tweets read ahead per thread, so that none waits for the order to be kept. */
const AHEAD = 4;

interface AnnotateOptions {
  readonly input: string;
  readonly inputFormat: CorpusFormat;
  /** `null`: photos are not looked for, even when the input names some. */
  readonly photos: string | null;
  readonly out: string | null;
  readonly format: AnswerFormat;
  readonly engine: EngineOptions;
  readonly threshold: number | undefined;
  readonly nested: boolean;
  readonly strictPhoto: boolean;
  readonly seconds: number;
  readonly restart: boolean;
}

export async function annotateCommand(argv: readonly string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseOptions(
    argv,
    {
      photos: "string",
      out: "string",
      format: "string",
      "input-format": "string",
      ...ENGINE_OPTIONS,
      threshold: "string",
      nested: "boolean",
      "strict-photo": "boolean",
      seconds: "string",
      restart: "boolean",
    },
    1,
  );
  if (values.help === true) {
    context.out(ANNOTATE_HELP);
    return EXIT.ok;
  }
  if (positionals[0] === undefined) throw usage("The input file is missing.");
  return annotate(readOptions(positionals[0], values), context);
}

function readOptions(input: string, values: OptionValues): AnnotateOptions {
  const out = textOption(values, "out") ?? null;
  const inputFormat =
    values["input-format"] === undefined && input !== "-"
      ? formatOf(input)
      : choiceOption(values, "input-format", ["jsonl", "csv", "conll"], "jsonl");
  // CoNLL always names an id; only a folder of photos makes it the name of a photo.
  const fallback = inputFormat === "conll" ? null : dirname(input);
  return {
    input,
    inputFormat,
    photos: textOption(values, "photos") ?? fallback,
    out,
    format: choiceOption(values, "format", ANSWER_FORMATS, "jsonl"),
    threshold: numberOption(values, "threshold", 0, 1),
    nested: values.nested === true,
    strictPhoto: values["strict-photo"] === true,
    seconds: numberOption(values, "seconds", 0.1, 86_400) ?? 60,
    restart: values.restart === true,
    engine: engineOptions(values),
  };
}

async function annotate(options: AnnotateOptions, context: CommandContext): Promise<number> {
  const resumable = options.out !== null && options.input !== "-";
  const survey = options.input === "-" ? null : await surveyInput(options.input, options.inputFormat);
  const journal = resumable
    ? openJournal({
        out: options.out!,
        input: options.input,
        fingerprint: fingerprint(options, survey!.sha256),
        restart: options.restart,
      })
    : plainOutput(options, context);
  const { start } = journal;
  if (start.records > 0) context.error(`Going on after ${start.records} records.\n`);
  let pool: AnalysisPool;
  try {
    pool = await openPool({ ...options.engine, worker: context.worker, signal: context.signal });
  } catch (error) {
    journal.suspend();
    throw error;
  }
  try {
    return await answerAll(options, survey?.records ?? null, journal, pool, context);
  } finally {
    await pool.close();
  }
}

/** Standard output cannot be cut back, and standard input not be read again. */
function plainOutput(options: AnnotateOptions, context: CommandContext): Journal {
  if (options.out !== null) {
    return openJournal({ out: options.out, input: 0, fingerprint: null, restart: options.restart });
  }
  const start = { records: 0, failed: 0, bytes: 0 };
  return { start, write: context.out, commit: () => {}, finish: () => {}, suspend: () => {} };
}

/** Everything the answers depend on; the number of threads and the like are free to change between runs. */
function fingerprint(options: AnnotateOptions, inputHash: string): string {
  const { inputFormat, photos, format, threshold, nested, strictPhoto } = options;
  const model = createHash("sha256")
    .update(readFileSync(join(options.engine.choice.model, MANIFEST_FILE)))
    .digest("hex");
  const parts = JSON.stringify({
    version: 1,
    inputHash,
    model,
    inputFormat,
    photos,
    format,
    threshold,
    nested,
    strictPhoto,
  });
  return createHash("sha256").update(parts).digest("hex");
}

async function answerAll(
  options: AnnotateOptions,
  total: number | null,
  journal: Journal,
  pool: AnalysisPool,
  context: CommandContext,
): Promise<number> {
  const writer = ANSWER_WRITERS[options.format];
  let { records, failed } = journal.start;
  if (journal.start.bytes === 0) journal.write(writer.header);
  const progress = startProgress(context, { unit: "tweets", total, done: records });
  let committed = records;
  let committedAt = performance.now();
  const source = skip(readCorpus(openInput(options.input), options.inputFormat), records);
  for await (const answered of mapInOrder(source, pool.size * AHEAD, (record) => answer(record, options, pool))) {
    if (context.signal.aborted) break;
    journal.write(writer.format(answered, records));
    records++;
    if (answered.outcome.failure !== null) failed++;
    progress.advance();
    if (records - committed >= COMMIT_RECORDS || performance.now() - committedAt >= COMMIT_MILLISECONDS) {
      journal.commit(records, failed);
      committed = records;
      committedAt = performance.now();
    }
  }
  progress.finish();
  journal.commit(records, failed);
  if (context.signal.aborted) {
    journal.suspend();
    throw new MnerError("aborted", `Stopped after ${records} records. The same command goes on from there.`);
  }
  // Not committed: a run that is killed now writes it again.
  journal.write(writer.footer);
  journal.finish();
  context.error(
    `${records} records, ${failed} of them failed (${pool.model.name} ${pool.model.version}, ${pool.backend}).\n`,
  );
  return failed > 0 ? EXIT.someFailed : EXIT.ok;
}

async function* skip<T>(items: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let index = 0;
  for await (const item of items) if (index++ >= count) yield item;
}

/** A photo that is not there is as one that cannot be read; a name that leads elsewhere is the record's fault. */
function photoOf(tweet: Tweet, { photos, strictPhoto }: AnnotateOptions): Pick<AnalysisJob, "photo" | "photoFault"> {
  if (tweet.image === null || photos === null) return { photo: null };
  try {
    return { photo: findPhoto(photos, tweet.image) };
  } catch (error) {
    const { failure } = failureOf(error);
    if (strictPhoto || !failure!.code.startsWith("image-")) throw error;
    return { photo: null, photoFault: failure };
  }
}

async function answer(record: CorpusRecord, options: AnnotateOptions, pool: AnalysisPool): Promise<AnsweredRecord> {
  const { tweet, problem } = record;
  if (tweet === null) {
    return { record, outcome: failureOf(new MnerError("input-invalid", problem ?? "The record is broken.")) };
  }
  try {
    const outcome = await pool.analyse({
      text: tweet.text,
      ...photoOf(tweet, options),
      strictPhoto: options.strictPhoto,
      seconds: options.seconds,
      nested: options.nested,
      threshold: options.threshold,
    });
    return { record, outcome };
  } catch (error) {
    return { record, outcome: failureOf(error) };
  }
}
