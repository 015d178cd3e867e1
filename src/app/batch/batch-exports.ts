// A batch as a file, by the writer that `mner-qg annotate` uses.
import { ANSWER_WRITERS, type AnsweredRecord, type AnswerFormat } from "../../corpus/index.js";
import { DATASET_WRITERS, type DatasetFile, type DatasetFormat } from "../../corpus/write-datasets.js";
import type { BatchRow } from "./batch-row.js";

/** Rows that were not read yet are left out. */
export function writeBatch(rows: readonly BatchRow[], format: AnswerFormat): Blob {
  const { header, footer, mediaType, format: write } = ANSWER_WRITERS[format];
  return new Blob([header, ...answeredRows(rows).map(write), footer], { type: mediaType });
}

/** The same as a data set of an annotation tool. */
export function writeDataset(rows: readonly BatchRow[], format: DatasetFormat): readonly DatasetFile[] {
  return DATASET_WRITERS[format].write(answeredRows(rows));
}

function answeredRows(rows: readonly BatchRow[]): AnsweredRecord[] {
  return rows.filter(({ status }) => status !== "waiting" && status !== "running").map(toAnswered);
}

function toAnswered({ record, result, failure }: BatchRow): AnsweredRecord {
  if (result !== null) return { record, outcome: { result, failure: null } };
  const missing = { code: "internal", message: "There is no answer." };
  return { record, outcome: { result: null, failure: failure ?? missing } };
}
