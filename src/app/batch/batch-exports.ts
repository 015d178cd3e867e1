// A batch as a file, by the writer that `mner-qg annotate` uses.
import { ANSWER_WRITERS, type AnsweredRecord, type AnswerFormat } from "../../corpus/index.js";
import type { BatchRow } from "./batch-row.js";

/** Rows that were not read yet are left out. */
export function writeBatch(rows: readonly BatchRow[], format: AnswerFormat): Blob {
  const { header, footer, mediaType, format: write } = ANSWER_WRITERS[format];
  const answered = rows.filter(({ status }) => status !== "waiting" && status !== "running").map(toAnswered);
  return new Blob([header, ...answered.map(write), footer], { type: mediaType });
}

function toAnswered({ record, result, failure }: BatchRow): AnsweredRecord {
  if (result !== null) return { record, outcome: { result, failure: null } };
  const missing = { code: "internal", message: "There is no answer." };
  return { record, outcome: { result: null, failure: failure ?? missing } };
}
