// Which rows of a batch the table shows, and in what order. Pure, so that sorting fifty thousand rows is testable.
import { type BatchRow, leastScore } from "./batch-row.js";
import { mistakes } from "./batch-scores.js";

export type SortKey = "index" | "names" | "score" | "photo" | "mistakes";
export type Filter = "all" | "named" | "unsure" | "trouble" | "wrong";

export interface TableOrder {
  readonly key: SortKey;
  readonly descending: boolean;
  readonly filter: Filter;
}

export const firstOrder: TableOrder = { key: "index", descending: false, filter: "all" };

export const filters: Readonly<Record<Filter, string>> = {
  all: "All tweets",
  named: "With names",
  unsure: "Names less than 70 % sure",
  trouble: "Failed, broken or without their photo",
  wrong: "Different from the gold labels",
};

const UNSURE = 0.7;

/** Working out mistakes takes tokens and offsets; a row is immutable, so its number is too. */
const known = new WeakMap<BatchRow, number>();

export function mistakesOf(row: BatchRow): number {
  let number = known.get(row);
  if (number === undefined) {
    number = row.result && row.record.tweet?.tags ? mistakes(row) : 0;
    known.set(row, number);
  }
  return number;
}

const passes: Readonly<Record<Filter, (row: BatchRow) => boolean>> = {
  all: () => true,
  named: ({ result }) => (result?.entities.length ?? 0) > 0,
  unsure: (row) => leastScore(row) < UNSURE,
  trouble: ({ status, photo }) =>
    status === "failed" || status === "broken" || photo === "missing" || photo === "unreadable",
  wrong: (row) => mistakesOf(row) > 0,
};

/** How many names the photo shows; -1 without a photo that was read. */
export function inPhoto({ result }: BatchRow): number {
  return result?.image ? result.entities.filter(({ region }) => region).length : -1;
}

const figures: Readonly<Record<SortKey, (row: BatchRow) => number>> = {
  index: ({ index }) => index,
  names: ({ result }) => result?.entities.length ?? -1,
  score: leastScore,
  photo: inPhoto,
  mistakes: mistakesOf,
};

/** Equal rows keep the order of the file, in both directions. */
export function orderRows(rows: readonly BatchRow[], { key, descending, filter }: TableOrder): BatchRow[] {
  const shown = rows.filter(passes[filter]);
  const figure = figures[key];
  const sign = descending ? -1 : 1;
  const keyed = shown.map((row) => ({ row, value: figure(row) }));
  return keyed.sort((a, b) => sign * (a.value - b.value) || a.row.index - b.row.index).map(({ row }) => row);
}
