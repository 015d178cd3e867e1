// A linear chain of tags over the words of a text, in plain numbers: the best sequence, and how likely a name is as a whole.
// Tags are O, then B- and I- of each label; what no sequence may do costs so much that none does.
import type { Parameters } from "../../nn/parameters.js";

export interface Crf {
  readonly tags: number;
  /** [from, to], rules included. */
  readonly moves: Float64Array;
  readonly start: Float64Array;
  readonly end: Float64Array;
}

/** A name: first and last word, and which of the labels. */
export interface TaggedName {
  readonly first: number;
  readonly last: number;
  readonly label: number;
}

const FORBIDDEN = -1e4;

export const beginOf = (label: number): number => 1 + 2 * label;
export const insideOf = (label: number): number => 2 + 2 * label;

export function declareCrf(p: Parameters, labels: number, name = "crf"): Crf {
  const tags = 1 + 2 * labels;
  const transitions = p.values(`${name}.transitions`, [tags, tags]);
  const start = p.values(`${name}.start`, [tags]);
  const end = p.values(`${name}.end`, [tags]);
  return p.later(() => {
    const moves = Float64Array.from(transitions.read());
    const first = Float64Array.from(start.read());
    for (let label = 0; label < labels; label++) {
      const inside = insideOf(label);
      first[inside]! += FORBIDDEN;
      for (let from = 0; from < tags; from++) {
        if (from !== inside && from !== beginOf(label)) moves[from * tags + inside]! += FORBIDDEN;
      }
    }
    return { tags, moves, start: first, end: Float64Array.from(end.read()) };
  });
}

/** The best tag of each word (Viterbi); `emissions` is words × tags. Of equal sequences the one with the lower tag. */
export function bestTags({ tags, moves, start, end }: Crf, emissions: Float32Array): number[] {
  const words = emissions.length / tags;
  if (words === 0) return [];
  const back = new Uint8Array(words * tags);
  let score = start.map((value, tag) => value + emissions[tag]!);
  for (let word = 1; word < words; word++) {
    const before = score;
    score = before.map((_, to) => {
      let best = 0;
      for (let from = 1; from < tags; from++) {
        if (before[from]! + moves[from * tags + to]! > before[best]! + moves[best * tags + to]!) best = from;
      }
      back[word * tags + to] = best;
      return before[best]! + moves[best * tags + to]! + emissions[word * tags + to]!;
    });
  }
  const final = score.map((value, tag) => value + end[tag]!);
  const path = [final.indexOf(Math.max(...final))];
  for (let word = words - 1; word > 0; word--) path.push(back[word * tags + path[path.length - 1]!]!);
  return path.reverse();
}

/** What the tags say. The rules allow no I- without its B-. */
export function namesOf(tags: readonly number[]): TaggedName[] {
  const names: TaggedName[] = [];
  for (const [word, tag] of tags.entries()) {
    if (tag % 2 === 1) names.push({ first: word, last: word, label: (tag - 1) / 2 });
    else if (tag > 0) names.push({ ...names.pop()!, last: word });
  }
  return names;
}

/** Sums over all sequences, in log space: of all beginnings that end in a tag at a word, and of all ways to go on behind it. */
export class Chances {
  readonly partition: number;
  private readonly crf: Crf;
  private readonly emissions: Float32Array;
  private readonly words: number;
  private readonly alpha: Float64Array;
  private readonly beta: Float64Array;

  constructor(crf: Crf, emissions: Float32Array) {
    const { tags, moves, start, end } = crf;
    const words = emissions.length / tags;
    this.crf = crf;
    this.emissions = emissions;
    this.words = words;
    this.alpha = new Float64Array(words * tags);
    this.beta = new Float64Array(words * tags);
    const terms = new Float64Array(tags);
    for (let word = 0; word < words; word++) {
      for (let to = 0; to < tags; to++) {
        for (let from = 0; from < tags; from++) {
          terms[from] = word === 0 ? start[to]! : this.alpha[(word - 1) * tags + from]! + moves[from * tags + to]!;
        }
        const before = word === 0 ? start[to]! : logSum(terms);
        this.alpha[word * tags + to] = before + emissions[word * tags + to]!;
      }
    }
    this.beta.set(end, (words - 1) * tags);
    for (let word = words - 2; word >= 0; word--) {
      for (let from = 0; from < tags; from++) {
        const next = (word + 1) * tags;
        for (let to = 0; to < tags; to++) {
          terms[to] = moves[from * tags + to]! + emissions[next + to]! + this.beta[next + to]!;
        }
        this.beta[word * tags + from] = logSum(terms);
      }
    }
    this.partition = logSum(end.map((value, tag) => value + this.alpha[(words - 1) * tags + tag]!));
  }

  /** The chance of a name as a whole: begun, gone on and ended just there. */
  of({ first, last, label }: TaggedName): number {
    const { alpha, beta, emissions } = this;
    const { tags, moves, start, end } = this.crf;
    const [begin, inside] = [beginOf(label), insideOf(label)];
    const terms = new Float64Array(tags);
    for (let from = 0; first > 0 && from < tags; from++) {
      terms[from] = alpha[(first - 1) * tags + from]! + moves[from * tags + begin]!;
    }
    let score = emissions[first * tags + begin]! + (first > 0 ? logSum(terms) : start[begin]!);
    let tag = begin;
    for (let word = first + 1; word <= last; word++) {
      score += moves[tag * tags + inside]! + emissions[word * tags + inside]!;
      tag = inside;
    }
    if (last + 1 === this.words) return Math.exp(score + end[tag]! - this.partition);
    const next = (last + 1) * tags;
    for (let to = 0; to < tags; to++) {
      // One word more is another name.
      terms[to] = to === inside ? -Infinity : moves[tag * tags + to]! + emissions[next + to]! + beta[next + to]!;
    }
    return Math.exp(score + logSum(terms) - this.partition);
  }

  /** The chance that any name has this label: all sequences but those that never begin one. */
  ofAny(label: number): number {
    const { tags } = this.crf;
    const without = this.emissions.slice();
    for (let word = 0; word < this.words; word++) without[word * tags + beginOf(label)] = FORBIDDEN;
    return Math.max(0, 1 - Math.exp(new Chances(this.crf, without).partition - this.partition));
  }
}

function logSum(terms: Float64Array): number {
  const most = Math.max(...terms);
  if (most === -Infinity) return most;
  return most + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - most), 0));
}
