// Gold tweets and the answers to them in, all scores out: the one place where answers over raw text meet gold over tokens,
// so that the command line and the demo's batch view cannot disagree.
import {
  expectedCalibrationError,
  type GoldEntity,
  type GroundingItem,
  type GroundingScore,
  type PredictedEntity,
  type Score,
  type ScoredBox,
  type SpanScore,
  scoreEeg,
  scoreExistence,
  scoreGmner,
  scoreGrounding,
  scoreSpans,
  spansFromTags,
  type TypedSpan,
} from "../metrics/index.js";
import { normaliseType } from "./conll.js";
import { joinTokens, spanToTokens, type TokenOffset } from "./detokenise.js";

/** What is needed of an analysis; the engine's results fit. */
export interface TweetAnswer {
  readonly entities: readonly {
    readonly start: number;
    readonly end: number;
    readonly type: string;
    readonly score: number;
    readonly region: { readonly box: ScoredBox } | null;
  }[];
  readonly queries: readonly {
    readonly type: string;
    readonly exists: number;
    readonly region: { readonly box: ScoredBox } | null;
    readonly alternatives: readonly { readonly box: ScoredBox }[];
  }[];
  /** `null` when the tweet was read without its photo. */
  readonly image: { readonly width: number; readonly height: number } | null;
}

/** Gold boxes of one photo, in pixels of a photo of the given size. */
export interface GoldPhoto {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly { readonly entity: string; readonly box: ScoredBox }[];
}

export interface GoldTweet {
  readonly tokens: readonly string[];
  readonly tags: readonly string[];
  /** Absent when there are no gold boxes at all; `null` when there are, but none for this tweet: nothing can be seen. */
  readonly photo?: GoldPhoto | null;
}

export interface TweetScores {
  readonly tweets: number;
  /** The types that were scored. */
  readonly types: readonly string[];
  readonly ner: { readonly strict: SpanScore; readonly lenient: SpanScore };
  readonly existence: Score;
  /** Expected calibration error of the entities' scores, as a fraction. */
  readonly calibrationError: number;
  readonly grounding: GroundingScore | null;
  readonly gmner: Score | null;
  readonly eeg: Score | null;
}

export interface TweetScorer {
  /** `answer` is null for a tweet that could not be analysed: all its names are missed. */
  add(gold: GoldTweet, answer: TweetAnswer | null): void;
  scores(): TweetScores;
}

const EXISTS = 0.5;
/** With so many names in the gold, a type that never occurs was not annotated, and finding one is no mistake. */
const ENOUGH_ENTITIES = 100;
export const ALL_TYPES: readonly string[] = ["PER", "LOC", "ORG", "OTHER"];

interface Entry {
  readonly strict: readonly TypedSpan[];
  readonly lenient: readonly TypedSpan[];
  readonly found: readonly ScoredSpan[];
  readonly exists: readonly string[];
  readonly seen: { readonly gold: readonly GoldEntity[]; readonly queries: readonly TypedPlace[] } | null;
}

interface ScoredSpan extends PredictedEntity {
  readonly score: number;
}

interface TypedPlace {
  readonly type: string;
  readonly box: ScoredBox | null;
  readonly none: boolean;
}

/** Names of the gold and of the answer as spans of tokens, of these types only: what systems are compared by. */
export function tokenSpans(
  { tokens, tags }: GoldTweet,
  answer: Pick<TweetAnswer, "entities"> | null,
  types: readonly string[] = ALL_TYPES,
): { readonly gold: readonly TypedSpan[]; readonly found: readonly TypedSpan[] } {
  const { offsets } = joinTokens(tokens);
  const only = (spans: readonly TypedSpan[]): TypedSpan[] => spans.filter(({ type }) => types.includes(type));
  const found = answer?.entities.flatMap((entity) => toTokenSpan(tokens, offsets, entity)) ?? [];
  return {
    gold: only(spansFromTags(tags, "strict")),
    found: only(found.map(({ start, end, type }) => ({ start, end, type }))),
  };
}

/** `types`: which to score; when absent, all four, less those that a gold file of some size never uses. */
export function createTweetScorer(types?: readonly string[]): TweetScorer {
  const entries: Entry[] = [];
  return {
    add: (gold, answer) => void entries.push(readEntry(gold, answer)),
    scores: () => scoreEntries(entries, types ?? annotatedTypes(entries)),
  };
}

function annotatedTypes(entries: readonly Entry[]): readonly string[] {
  const counts = new Map<string, number>();
  let total = 0;
  for (const { lenient } of entries) {
    total += lenient.length;
    for (const { type } of lenient) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return total < ENOUGH_ENTITIES ? ALL_TYPES : ALL_TYPES.filter((type) => counts.has(type));
}

function readEntry(gold: GoldTweet, answer: TweetAnswer | null): Entry {
  const strict = spansFromTags(gold.tags, "strict");
  const { offsets } = joinTokens(gold.tokens);
  const found = answer === null ? [] : answer.entities.flatMap((entity) => toTokenSpan(gold.tokens, offsets, entity));
  const queries = answer?.queries ?? [];
  const hasPhoto = answer !== null && answer.image !== null && gold.photo !== undefined;
  return {
    strict,
    lenient: spansFromTags(gold.tags, "lenient"),
    found,
    exists: queries.filter((query) => query.exists > EXISTS).map((query) => ownType(query.type)),
    seen: hasPhoto
      ? {
          gold: strict.map((span) => ({ ...span, boxes: boxesOf(gold, span, answer.image) })),
          queries: queries.map(toPlace),
        }
      : null,
  };
}

/** Models may call their types as corpora do. */
function ownType(type: string): string {
  return normaliseType(type) ?? type;
}

function toTokenSpan(
  tokens: readonly string[],
  offsets: readonly TokenOffset[],
  entity: TweetAnswer["entities"][number],
): ScoredSpan[] {
  const range = spanToTokens(tokens, offsets, entity.start, entity.end);
  if (range === null) return [];
  const box = entity.region?.box ?? null;
  return [{ start: range.first, end: range.last + 1, type: ownType(entity.type), box, score: entity.score }];
}

/** The best place counts even when "not in the photo" won: how well it points is one question, whether it should another. */
function toPlace(query: TweetAnswer["queries"][number]): TypedPlace {
  const best = query.region ?? query.alternatives[0] ?? null;
  return { type: ownType(query.type), box: best?.box ?? null, none: query.region === null };
}

/** Gold boxes are told by the entity's words; box files call an entity without the sign that CoNLL tokens may carry. */
function boxesOf(gold: GoldTweet, span: TypedSpan, image: TweetAnswer["image"]): ScoredBox[] {
  const { photo } = gold;
  if (photo === null || photo === undefined || image === null) return [];
  const words = gold.tokens.slice(span.start, span.end).join(" ");
  const plain = withoutSign(words);
  const x = image.width / photo.width;
  const y = image.height / photo.height;
  return photo.boxes
    .filter(({ entity }) => entity === words || withoutSign(entity) === plain)
    .map(({ box }) => [box[0] * x, box[1] * y, box[2] * x, box[3] * y]);
}

function withoutSign(words: string): string {
  return words.replace(/^[#@]\s*/, "");
}

function scoreEntries(entries: readonly Entry[], types: readonly string[]): TweetScores {
  const kept = new Set(types);
  const only = <T extends { readonly type: string }>(spans: readonly T[]) => spans.filter(({ type }) => kept.has(type));
  const found = entries.map((entry) => only(entry.found));
  const strict = entries.map((entry) => only(entry.strict));
  const lenient = entries.map((entry) => only(entry.lenient));
  return {
    tweets: entries.length,
    types,
    ner: { strict: scoreSpans(strict, found, types), lenient: scoreSpans(lenient, found, types) },
    existence: scoreExistence(
      strict.map((spans) => spans.map(({ type }) => type)),
      entries.map((entry) => entry.exists.filter((type) => kept.has(type))),
    ),
    calibrationError: calibrationError(strict, found),
    ...scoreSeen(entries, only),
  };
}

function calibrationError(gold: readonly (readonly TypedSpan[])[], found: readonly (readonly ScoredSpan[])[]): number {
  const scores: number[] = [];
  const correct: boolean[] = [];
  for (const [index, spans] of found.entries()) {
    const right = new Set(gold[index]!.map(({ start, end, type }) => `${start} ${end} ${type}`));
    for (const { start, end, type, score } of spans) {
      scores.push(score);
      correct.push(right.has(`${start} ${end} ${type}`));
    }
  }
  return expectedCalibrationError(scores, correct);
}

/** Scores with boxes are over the tweets whose photo was read; `null` when there is none of them. */
function scoreSeen(
  entries: readonly Entry[],
  only: <T extends { readonly type: string }>(spans: readonly T[]) => T[],
): Pick<TweetScores, "grounding" | "gmner" | "eeg"> {
  const seen = entries.flatMap((entry) => (entry.seen === null ? [] : [{ ...entry.seen, found: only(entry.found) }]));
  if (seen.length === 0) return { grounding: null, gmner: null, eeg: null };
  const gold = seen.map((entry) => only(entry.gold));
  const found = seen.map((entry) => entry.found);
  const items = seen.flatMap((entry, index) => groundingItems(gold[index]!, only(entry.queries)));
  return { grounding: scoreGrounding(items), gmner: scoreGmner(gold, found), eeg: scoreEeg(gold, found) };
}

/** One item per type that the tweet names: the model answers per query, so all gold boxes of the type will do. */
function groundingItems(gold: readonly GoldEntity[], places: readonly TypedPlace[]): GroundingItem[] {
  return places.flatMap(({ type, box, none }) => {
    const named = gold.filter((entity) => entity.type === type);
    return named.length === 0 ? [] : [{ gold: named.flatMap(({ boxes }) => [...boxes]), box, none }];
  });
}
