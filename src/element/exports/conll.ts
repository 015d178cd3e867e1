// CoNLL: one token and one BIO tag a line, a tab between them, an empty line after each line of the text.
import type { AnalysisResult, Entity } from "../../core/results.js";
import { findWords } from "../../text/words.js";

/** BIO cannot hold overlaps: the surer entity stays, of equals the longer. */
function withoutOverlaps(entities: readonly Entity[]): Entity[] {
  const sureness = ({ score }: Entity): number => (Number.isFinite(score) ? score : 0);
  const best = [...entities].sort((a, b) => sureness(b) - sureness(a) || b.end - b.start - (a.end - a.start));
  const kept: Entity[] = [];
  for (const entity of best) {
    if (kept.every((other) => entity.end <= other.start || other.end <= entity.start)) kept.push(entity);
  }
  return kept.sort((a, b) => a.start - b.start);
}

/** A field of its own: nothing in it can end the line or begin another column. */
const field = (text: string): string => text.replace(/[\s\p{Cc}\u2028\u2029]+/gu, "_");

function cutAtEdges(start: number, end: number, edges: readonly number[]): [number, number][] {
  const cuts = [start, ...edges.filter((edge) => edge > start && edge < end), end];
  return cuts.slice(1).map((to, index) => [cuts[index]!, to]);
}

export function toConll(result: AnalysisResult): string {
  const { text } = result;
  const entities = withoutOverlaps(result.entities);
  const edges = entities.flatMap(({ start, end }) => [start, end]).sort((a, b) => a - b);
  const lines: string[] = [];
  let from = 0;
  for (const word of findWords(text)) {
    for (const [start, end] of cutAtEdges(word.start, word.end, edges)) {
      if (lines.length > 0 && /[\n\r\u2028\u2029]/.test(text.slice(from, start))) lines.push("");
      from = end;
      const entity = entities.find((candidate) => candidate.start <= start && end <= candidate.end);
      const first = entity && !/\S/.test(text.slice(entity.start, start));
      const tag = entity ? `${first ? "B" : "I"}-${field(entity.type)}` : "O";
      lines.push(`${field(text.slice(start, end))}\t${tag}`);
    }
  }
  return lines.length ? `${lines.join("\n")}\n` : "";
}
