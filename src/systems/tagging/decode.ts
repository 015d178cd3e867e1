// From emissions to names: the chain reads each word at its first piece, and every name gets its chance as a whole.
import type { Entity, QueryResult } from "../../core/results.js";
import { believedWindows, layOutWords, type PreparedText, type Sequences } from "../../text/index.js";
import { type Logistic, logitOf, sigmoid } from "../calibration.js";
import type { DecodeRequest } from "../system.js";
import { bestTags, Chances, type Crf, namesOf, type TaggedName } from "./crf.js";

/** A chance this near to 0 or 1 is taken as it is, as in training. */
const CERTAIN = 1e-6;

/** A calibrated score of a chance. */
export function scoreOf(chance: number, { a, b }: Logistic): number {
  return sigmoid(a * logitOf(Math.min(Math.max(chance, CERTAIN), 1 - CERTAIN)) + b);
}

/** Numbers per word, each from the word's first piece in the window that is believed there; `size` of them a piece. */
export function ofWords(values: Float32Array, size: number, prepared: PreparedText, input: Sequences): Float32Array {
  const { windows, length, sentenceColumns } = input;
  const believed = believedWindows(prepared.pieces, windows);
  const words = layOutWords(prepared);
  const chosen = new Float32Array(words.length * size);
  for (const [index, { firstPiece }] of words.entries()) {
    const window = believed[firstPiece]!;
    const column = sentenceColumns[0]! + firstPiece - windows[window]!.firstPiece;
    const at = (window * length + column) * size;
    chosen.set(values.subarray(at, at + size), index * size);
  }
  return chosen;
}

/** A name that is sure enough, and where it lies among the words. */
export interface NamedEntity {
  readonly name: TaggedName;
  readonly entity: Entity;
}

export interface TagDecoding {
  readonly found: readonly NamedEntity[];
  readonly queries: readonly QueryResult[];
}

/** `emissions`: words × tags. */
export function decodeTags(
  crf: Crf,
  { labels, span }: { readonly labels: readonly string[]; readonly span: Logistic },
  emissions: Float32Array,
  { prepared, queries, threshold }: DecodeRequest,
): TagDecoding {
  const words = layOutWords(prepared);
  const chances = new Chances(crf, emissions);
  const found = namesOf(bestTags(crf, emissions)).map((name): NamedEntity => {
    const [start, end] = [words[name.first]!.start, words[name.last]!.end];
    const score = scoreOf(chances.of(name), span);
    const text = prepared.text.slice(start, end);
    return { name, entity: { start, end, text, type: labels[name.label]!, score, region: null } };
  });
  return {
    found: found.filter(({ entity: { score } }) => score >= threshold),
    queries: queries.map(({ label, query }) => {
      const known = labels.indexOf(label);
      return seenNowhere(label, query, known < 0 ? 0 : chances.ofAny(known));
    }),
  };
}

/** The answer to a question by a system that gives questions no place. */
export function seenNowhere(type: string, query: string, exists: number): QueryResult {
  return { type, query, exists, region: null, notInPhoto: 1, alternatives: [], imageRelevance: 0, attention: null };
}
