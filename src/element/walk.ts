// The order in which keys lead through a result: a name, its box, the next name. Pure, so that every step is testable.
import type { View } from "./view-model.js";

/** One place the keyboard can stand on. */
export interface Stop {
  readonly kind: "span" | "box";
  readonly entity: string;
  /** The box to focus, for `kind: "box"`. */
  readonly box: string | null;
}

export function buildWalk(view: View): readonly Stop[] {
  return view.entities.flatMap((entity): Stop[] => {
    const span: Stop = { kind: "span", entity: entity.id, box: null };
    return entity.boxId ? [span, { kind: "box", entity: entity.id, box: entity.boxId }] : [span];
  });
}

/** Where a key leads from `at`, or `null` when it is not a walking key. Arrows stop at the ends; they do not wrap. */
export function walkTo(key: string, at: number, count: number, rightToLeft = false): number | null {
  if (count === 0) return null;
  const forward = rightToLeft ? "ArrowLeft" : "ArrowRight";
  const back = rightToLeft ? "ArrowRight" : "ArrowLeft";
  if (key === forward || key === "ArrowDown") return Math.min(count - 1, at + 1);
  if (key === back || key === "ArrowUp") return Math.max(0, at - 1);
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return null;
}
