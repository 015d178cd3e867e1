// What a manifest says of how scores become probabilities; several systems say it in the same words.
import { asNumber, asRecord, field, type JsonRecord } from "../core/json.js";

/** Turns a logit into a probability: sigmoid(a · logit + b). */
export interface Logistic {
  readonly a: number;
  readonly b: number;
}

export function readLogistic(value: unknown, where: string): Logistic {
  const record = asRecord(value, where);
  return {
    a: asNumber(field(record, "a"), `${where}.a`, -1e6, 1e6),
    b: asNumber(field(record, "b"), `${where}.b`, -1e6, 1e6),
  };
}

/** `spanThreshold` and `span`, which every system has. */
export function readSpanCalibration(record: JsonRecord): { readonly threshold: number; readonly span: Logistic } {
  return {
    threshold: asNumber(field(record, "spanThreshold"), "calibration.spanThreshold", 0, 1),
    span: readLogistic(field(record, "span"), "calibration.span"),
  };
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

export function logitOf(probability: number): number {
  return Math.log(probability / (1 - probability));
}
