// Precision, recall and F1 from counts: the one form in which every score of this room is told.

/** Rates in percent, with the counts they come from. */
export interface Score {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly correct: number;
  readonly predicted: number;
  readonly gold: number;
}

/** Counts are whole and divided once, so that Python and TypeScript agree to the last digit. An empty denominator gives 0. */
export function makeScore(correct: number, predicted: number, gold: number): Score {
  return {
    precision: predicted > 0 ? (100 * correct) / predicted : 0,
    recall: gold > 0 ? (100 * correct) / gold : 0,
    f1: predicted + gold > 0 ? (200 * correct) / (predicted + gold) : 0,
    correct,
    predicted,
    gold,
  };
}

/** Refuses lists of different lengths: a shifted pairing would give plausible, wrong scores. */
export function requireSameLength(gold: readonly unknown[], predicted: readonly unknown[]): void {
  if (gold.length !== predicted.length) {
    throw new RangeError(`There are ${gold.length} gold entries but ${predicted.length} predicted ones.`);
  }
}

/** Scores two lists of sets of keys, entry by entry. Repeated keys within an entry count once. */
export function scoreSets(gold: readonly (readonly string[])[], predicted: readonly (readonly string[])[]): Score {
  requireSameLength(gold, predicted);
  let correct = 0;
  let predictedCount = 0;
  let goldCount = 0;
  for (const [index, goldKeys] of gold.entries()) {
    const goldSet = new Set(goldKeys);
    const predictedSet = new Set(predicted[index]);
    for (const key of predictedSet) if (goldSet.has(key)) correct++;
    predictedCount += predictedSet.size;
    goldCount += goldSet.size;
  }
  return makeScore(correct, predictedCount, goldCount);
}
