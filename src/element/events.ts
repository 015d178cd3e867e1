// The events of <mner-qg>, typed for addEventListener. All of them bubble and cross shadow boundaries.

import type { MnerError } from "../core/mner-error.js";
import type { AnalysisResult, BackendName, Entity } from "../core/results.js";
import type { Progress } from "../engine/analyzer.js";

export interface ReadyDetail {
  readonly backend: BackendName;
  readonly model: { readonly name: string; readonly version: string };
}

export interface ResultDetail {
  readonly result: AnalysisResult;
}

export interface ErrorDetail {
  readonly error: MnerError;
}

export interface SelectDetail {
  /** Of the name that is pinned now, or `null` when none is. */
  readonly id: string | null;
  readonly entity: Entity | null;
}

export interface MnerEventMap {
  "mner-progress": CustomEvent<Progress>;
  "mner-ready": CustomEvent<ReadyDetail>;
  "mner-result": CustomEvent<ResultDetail>;
  "mner-error": CustomEvent<ErrorDetail>;
  "mner-select": CustomEvent<SelectDetail>;
}

declare global {
  interface HTMLElementEventMap extends MnerEventMap {}
}

export function fire<Name extends keyof MnerEventMap>(
  target: EventTarget,
  name: Name,
  detail: MnerEventMap[Name]["detail"],
): void {
  target.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}
