// The events of <mner-qg>, typed for addEventListener. All of them bubble and cross shadow boundaries.

import { bare } from "../core/json.js";
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
  target.dispatchEvent(new CustomEvent(name, bare({ detail, bubbles: true, composed: true })));
}

/** A listener in a template. Lit also hands it on as its own options, and a function says whatever Object.prototype says. */
export const on = <Given extends Event>(handleEvent: (event: Given) => void): { handleEvent(event: Given): void } =>
  bare({ handleEvent });
