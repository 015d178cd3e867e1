// Names and boxes scored together: GMNER's triples (span, type, box) and EEG's pairs (span, box), as the GMNER paper
// defines them.
import { bestOverlap, type ScoredBox } from "./boxes.js";
import { makeScore, requireSameLength, type Score } from "./score.js";
import type { TypedSpan } from "./spans.js";

export interface GoldEntity extends TypedSpan {
  /** Empty when it cannot be seen in the photo. */
  readonly boxes: readonly ScoredBox[];
}

export interface PredictedEntity extends TypedSpan {
  /** `null` when the answer was "not in the photo". */
  readonly box: ScoredBox | null;
}

/** Nothing to see asks for no box; else an IoU of at least 0.5 with any gold box. */
export function isGroundedRight(box: ScoredBox | null, gold: readonly ScoredBox[]): boolean {
  return gold.length === 0 ? box === null : bestOverlap(box, gold) >= 0.5;
}

function scoreGrounded(
  gold: readonly (readonly GoldEntity[])[],
  predicted: readonly (readonly PredictedEntity[])[],
  key: (entity: TypedSpan) => string,
): Score {
  requireSameLength(gold, predicted);
  let correct = 0;
  let predictedCount = 0;
  let goldCount = 0;
  for (const [entry, goldEntities] of gold.entries()) {
    const boxesOf = new Map(goldEntities.map((entity) => [key(entity), entity.boxes]));
    const boxOf = new Map<string, ScoredBox | null>();
    for (const entity of predicted[entry]!) {
      // The first of equal keys counts.
      if (!boxOf.has(key(entity))) boxOf.set(key(entity), entity.box);
    }
    for (const [place, box] of boxOf) {
      const boxes = boxesOf.get(place);
      if (boxes !== undefined && isGroundedRight(box, boxes)) correct++;
    }
    predictedCount += boxOf.size;
    goldCount += boxesOf.size;
  }
  return makeScore(correct, predictedCount, goldCount);
}

/** Triples of span, type and box. */
export function scoreGmner(
  gold: readonly (readonly GoldEntity[])[],
  predicted: readonly (readonly PredictedEntity[])[],
): Score {
  return scoreGrounded(gold, predicted, (entity) => `${entity.start} ${entity.end} ${entity.type}`);
}

/** Span and box, whatever the type. */
export function scoreEeg(
  gold: readonly (readonly GoldEntity[])[],
  predicted: readonly (readonly PredictedEntity[])[],
): Score {
  return scoreGrounded(gold, predicted, (entity) => `${entity.start} ${entity.end}`);
}
