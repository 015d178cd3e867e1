// What several systems say of the same words, side by side. Pure.
import type { AnalysisResult, Entity } from "../../core/results.js";

/** Words as readers count them, hashtags and mentions whole. */
const word = /[#@]?[\p{L}\p{N}_]+(?:['’.-][\p{L}\p{N}_]+)*/gu;

export interface ComparedWord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** One a system: the type of the name that the word is part of, and the name; `null` where it is part of none. */
  readonly tags: readonly (Entity | null)[];
  /** Whether all say the same: the same type, over the same stretch of text. */
  readonly agreed: boolean;
}

const same = (a: Entity | null, b: Entity | null): boolean =>
  a === b || (a !== null && b !== null && a.type === b.type && a.start === b.start && a.end === b.end);

/** Words that any of them takes for part of a name. Of nested names the outermost counts. */
export function compareWords(text: string, results: readonly AnalysisResult[]): ComparedWord[] {
  return [...text.matchAll(word)]
    .map(({ index: start, 0: found }): ComparedWord => {
      const end = start + found.length;
      const tags = results.map(({ entities }) => {
        const around = entities.filter((entity) => entity.start < end && entity.end > start);
        return around.sort((a, b) => b.end - b.start - (a.end - a.start))[0] ?? null;
      });
      const agreed = tags.every((tag) => same(tag, tags[0] ?? null));
      return { text: found, start, end, tags, agreed };
    })
    .filter(({ tags }) => tags.some((tag) => tag !== null));
}
