// Whether a score of 0.8 is right eight times in ten.
import { requireSameLength } from "./score.js";

export const CALIBRATION_BINS = 10;

/** Mean distance between confidence and accuracy over equal bins of confidence, as a fraction (not percent). */
export function expectedCalibrationError(
  scores: readonly number[],
  correct: readonly boolean[],
  bins = CALIBRATION_BINS,
): number {
  requireSameLength(correct, scores);
  const scoreSum = new Array<number>(bins).fill(0);
  const correctSum = new Array<number>(bins).fill(0);
  for (const [entry, score] of scores.entries()) {
    const bin = Math.max(0, Math.min(bins - 1, Math.trunc(score * bins)));
    scoreSum[bin] = scoreSum[bin]! + score;
    if (correct[entry]) correctSum[bin] = correctSum[bin]! + 1;
  }
  let error = 0;
  for (let bin = 0; bin < bins; bin++) error += Math.abs(correctSum[bin]! - scoreSum[bin]!);
  return scores.length > 0 ? error / scores.length : 0;
}
