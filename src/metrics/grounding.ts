// Scores of the photo side: is the box in the right place, and is "not in the photo" said when it is true.
import { bestOverlap, type ScoredBox } from "./boxes.js";
import { makeScore, type Score } from "./score.js";

export interface GroundingItem {
  /** Empty when it is not in the photo. */
  readonly gold: readonly ScoredBox[];
  /** The best box, whether or not "not in the photo" won. */
  readonly box: ScoredBox | null;
  /** The answer was "not in the photo". */
  readonly none: boolean;
}

export interface GroundingScore {
  /** How many items are in the photo; accuracy and mean overlap are over these. */
  readonly n: number;
  readonly accAt50: number;
  readonly accAt75: number;
  readonly meanIou: number;
  /** The decision "not in the photo" over all items. */
  readonly none: Score;
}

export function scoreGrounding(items: readonly GroundingItem[]): GroundingScore {
  let present = 0;
  let hits50 = 0;
  let hits75 = 0;
  let totalOverlap = 0;
  let noneCorrect = 0;
  let nonePredicted = 0;
  let noneGold = 0;
  for (const item of items) {
    if (item.none) nonePredicted++;
    if (item.gold.length === 0) {
      noneGold++;
      if (item.none) noneCorrect++;
      continue;
    }
    present++;
    const overlap = bestOverlap(item.box, item.gold);
    totalOverlap += overlap;
    if (overlap >= 0.5) hits50++;
    if (overlap >= 0.75) hits75++;
  }
  return {
    n: present,
    accAt50: present > 0 ? (100 * hits50) / present : 0,
    accAt75: present > 0 ? (100 * hits75) / present : 0,
    meanIou: present > 0 ? (100 * totalOverlap) / present : 0,
    none: makeScore(noneCorrect, nonePredicted, noneGold),
  };
}

/** Chance (0 to 1) that a positive scores above a negative, ties counted half. `null` when one class is empty. */
export function areaUnderRoc(scores: readonly number[], positive: readonly boolean[]): number | null {
  const order = scores.map((_, index) => index).sort((a, b) => scores[a]! - scores[b]!);
  const positives = positive.filter(Boolean).length;
  const negatives = scores.length - positives;
  if (positives === 0 || negatives === 0) return null;
  let twiceWins = 0;
  let below = 0;
  let start = 0;
  while (start < order.length) {
    let end = start;
    let tiedPositive = 0;
    let tiedNegative = 0;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) {
      if (positive[order[end]!]) tiedPositive++;
      else tiedNegative++;
      end++;
    }
    twiceWins += tiedPositive * (2 * below + tiedNegative);
    below += tiedNegative;
    start = end;
  }
  return twiceWins / (2 * positives * negatives);
}
