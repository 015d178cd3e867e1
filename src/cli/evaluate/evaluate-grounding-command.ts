// `mner-qg evaluate-grounding`: asks for things by name in photos whose boxes are known, and for things that are not there.

import { MnerError } from "../../core/mner-error.js";
import type { QueryResult } from "../../core/results.js";
import { areaUnderRoc, type GroundingItem, type ScoredBox, scoreGrounding } from "../../metrics/index.js";
import { ENGINE_HELP, ENGINE_OPTIONS, engineOptions } from "../analysis/engine-options.js";
import { mapInOrder } from "../analysis/in-order.js";
import { failureOf, type JobOutcome } from "../analysis/job.js";
import { findPhoto } from "../analysis/photos.js";
import { type AnalysisPool, openPool } from "../analysis/pool.js";
import { openFolder } from "../convert/folder-reader.js";
import { type CommandContext, EXIT } from "../terminal/context.js";
import { integerOption, parseOptions, requiredOption } from "../terminal/options.js";
import { startProgress } from "../terminal/progress.js";
import { formatTable } from "../terminal/table.js";
import { type IndexedPhoto, readIndex } from "./gold-files.js";

export const EVALUATE_GROUNDING_HELP = `mner-qg evaluate-grounding --index FILE.json --photos DIR [options]

Scores grounding on photos with labelled boxes: each label in a photo becomes a query by its name, and "person" is also asked
through the model's own PER query. A hit is an overlap (IoU) of at least 0.5 with any box of the label. As many labels that are
not in the photo, drawn by a fixed seed, test how well "not in the photo" is told (area under ROC, 0 to 1; all else in percent).

  --index FILE           [{file, width, height, boxes: [{label, box: [x0, y0, x1, y1]}]}]
  --photos DIR           the folder that the index's file names start from
  --seed N               draws the absent labels (default 0)
${ENGINE_HELP}
  --json                 one JSON object on standard output

Exit status: 0 all photos were scored, 1 some could not be, 2 the command was not understood.
`;

const AHEAD = 4;
const PERSON = "person";
const PERSON_TYPE = "PER";
/** The text side needs a sentence; one that names nothing leaves the answer to the query and the photo. */
const NEUTRAL_TEXT = ".";

interface Question {
  readonly kind: "present" | "absent" | "person";
  readonly label: string;
  readonly query: string;
  readonly gold: readonly ScoredBox[];
}

interface Asked {
  readonly photo: IndexedPhoto;
  readonly questions: readonly Question[];
  readonly outcome: JobOutcome;
}

export async function evaluateGroundingCommand(argv: readonly string[], context: CommandContext): Promise<number> {
  const { values } = parseOptions(
    argv,
    {
      index: "string",
      photos: "string",
      seed: "string",
      ...ENGINE_OPTIONS,
      json: "boolean",
    },
    0,
  );
  if (values.help === true) {
    context.out(EVALUATE_GROUNDING_HELP);
    return EXIT.ok;
  }
  const photos = requiredOption(values, "photos");
  const index = readIndex(requiredOption(values, "index"));
  if (index.length === 0) throw new MnerError("input-invalid", "The index lists no photos.");
  const seed = integerOption(values, "seed", 0, 2 ** 31, 0);
  const engine = engineOptions(values);
  const personQuery =
    openFolder(engine.choice.model).manifest.queries.find(({ label }) => label === PERSON_TYPE)?.query ?? null;
  const questions = draw(index, personQuery, seed);
  const started = performance.now();
  const pool = await openPool({ ...engine, worker: context.worker, signal: context.signal });
  try {
    const items: Record<Question["kind"], GroundingItem[]> = { present: [], absent: [], person: [] };
    const none: { readonly score: number; readonly absent: boolean }[] = [];
    let failed = 0;
    const progress = startProgress(context, { unit: "photos", total: index.length });
    const work = (at: number) => ask(index[at]!, questions[at]!, photos, pool);
    for await (const { photo, questions: asked, outcome } of mapInOrder(
      indices(index.length),
      pool.size * AHEAD,
      work,
    )) {
      if (context.signal.aborted)
        throw new MnerError("aborted", "Stopped before all photos were read; nothing is scored.");
      progress.advance();
      if (outcome.failure !== null) {
        failed++;
        context.error(`${photo.file}: ${outcome.failure.message} It is left out.\n`);
        continue;
      }
      for (const [at, question] of asked.entries()) {
        const answer = outcome.result.queries[at]!;
        items[question.kind].push(toItem(answer, question, photo, outcome.result.image!));
        if (question.kind !== "person") none.push({ score: answer.notInPhoto, absent: question.kind === "absent" });
      }
    }
    progress.finish();
    report(
      items,
      none,
      { photos: index.length, failed, pool, seconds: (performance.now() - started) / 1000 },
      values.json === true,
      context,
    );
    return failed > 0 ? EXIT.someFailed : EXIT.ok;
  } finally {
    await pool.close();
  }
}

async function* indices(count: number): AsyncGenerator<number> {
  for (let index = 0; index < count; index++) yield index;
}

/** The same draw for every model and every number of threads: it depends on the index and the seed alone. */
function draw(index: readonly IndexedPhoto[], personQuery: string | null, seed: number): Question[][] {
  const labels = [...new Set(index.flatMap(({ boxes }) => boxes.map(({ label }) => label)))].sort();
  const random = seededRandom(seed);
  return index.map(({ boxes }) => {
    const present = [...new Set(boxes.map(({ label }) => label))].sort();
    const goldOf = (label: string) => boxes.filter((entry) => entry.label === label).map(({ box }) => box);
    const absent = labels.filter((label) => !present.includes(label));
    // The first few of a shuffle: each label at most once.
    for (let at = 0; at < Math.min(present.length, absent.length); at++) {
      const other = at + Math.floor(random() * (absent.length - at));
      [absent[at], absent[other]] = [absent[other]!, absent[at]!];
    }
    const questions: Question[] = present.map((label) => ({
      kind: "present",
      label,
      query: label,
      gold: goldOf(label),
    }));
    for (const label of absent.slice(0, present.length))
      questions.push({ kind: "absent", label, query: label, gold: [] });
    if (personQuery !== null && present.includes(PERSON)) {
      questions.push({ kind: "person", label: PERSON_TYPE, query: personQuery, gold: goldOf(PERSON) });
    }
    return questions;
  });
}

/** The mulberry32 generator: small, and the same everywhere. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function ask(
  photo: IndexedPhoto,
  questions: readonly Question[],
  folder: string,
  pool: AnalysisPool,
): Promise<Asked> {
  try {
    const queries = questions.map(({ label, query, kind }) => ({ label: `${kind} ${label}`, query }));
    const outcome = await pool.analyse({
      strictPhoto: true,
      text: NEUTRAL_TEXT,
      photo: findPhoto(folder, photo.file),
      queries,
    });
    return { photo, questions, outcome };
  } catch (error) {
    return { photo, questions, outcome: failureOf(error) };
  }
}

/** The best place counts even when "not in the photo" won: that decision is scored by itself. */
function toItem(
  answer: QueryResult,
  { gold }: Question,
  photo: IndexedPhoto,
  size: { readonly width: number; readonly height: number },
): GroundingItem {
  const x = size.width / photo.width;
  const y = size.height / photo.height;
  return {
    gold: gold.map(([x0, y0, x1, y1]): ScoredBox => [x0 * x, y0 * y, x1 * x, y1 * y]),
    box: (answer.region ?? answer.alternatives[0])?.box ?? null,
    none: answer.region === null,
  };
}

interface RunFacts {
  readonly photos: number;
  readonly failed: number;
  readonly pool: AnalysisPool;
  readonly seconds: number;
}

function report(
  items: Readonly<Record<Question["kind"], readonly GroundingItem[]>>,
  none: readonly { readonly score: number; readonly absent: boolean }[],
  { photos, failed, pool, seconds }: RunFacts,
  json: boolean,
  context: CommandContext,
): void {
  const person = scoreGrounding(items.person);
  const labels = scoreGrounding(items.present);
  const decision = scoreGrounding([...items.present, ...items.absent]).none;
  const auc = areaUnderRoc(
    none.map(({ score }) => score),
    none.map(({ absent }) => absent),
  );
  if (json) {
    const { precision, recall } = decision;
    const brief = ({ n, accAt50, accAt75, meanIou }: typeof person) => ({ n, accAt50, accAt75, meanIou });
    const model = `${pool.model.name} ${pool.model.version}`;
    const facts = { photos, failed, backend: pool.backend, model, seconds: Number(seconds.toFixed(2)) };
    context.out(
      `${JSON.stringify({ person: brief(person), labels: brief(labels), none: { auc, precision, recall }, ...facts })}\n`,
    );
    return;
  }
  const row = (name: string, { n, accAt50, accAt75, meanIou }: typeof person): string[] => [
    name,
    String(n),
    ...[accAt50, accAt75, meanIou].map((rate) => rate.toFixed(2)),
  ];
  context.out(
    formatTable(
      ["", "n", "Acc@0.5", "Acc@0.75", "mean IoU"],
      [row("person, by the PER query", person), row("labels, by name", labels)],
    ),
  );
  context.out(
    `not in the photo: area under ROC ${auc === null ? "unknown" : auc.toFixed(4)}, ` +
      `precision ${decision.precision.toFixed(2)}, recall ${decision.recall.toFixed(2)}\n` +
      `${photos - failed} photos in ${seconds.toFixed(1)} s, ${pool.model.name} ${pool.model.version} on ${pool.backend}\n`,
  );
}
