// Every score of the project under one roof; `training/metrics.py` is the same in Python.
export { bestOverlap, intersectionOverUnion, type ScoredBox } from "./boxes.js";
export { CALIBRATION_BINS, expectedCalibrationError } from "./calibration.js";
export {
  compareSystems,
  type SystemAnswers,
  type SystemComparison,
  type SystemDifference,
  type SystemScore,
} from "./compare.js";
export {
  type GoldEntity,
  isGroundedRight,
  type PredictedEntity,
  scoreEeg,
  scoreGmner,
} from "./grounded-entities.js";
export { areaUnderRoc, type GroundingItem, type GroundingScore, scoreGrounding } from "./grounding.js";
export { confusionTable, type SpanScore, scoreExistence, scoreSpans } from "./ner.js";
export { makeScore, type Score } from "./score.js";
export { type SpanMode, spansFromTags, type TypedSpan } from "./spans.js";
