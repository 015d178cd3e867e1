// Everything the page knows, as plain types. The photo is only ever here and in the element: never in the address, never
// on a server.

import type { MnerError } from "../../core/mner-error.js";
import type { AnalysisResult, BackendName, Notice } from "../../core/results.js";
import type { Progress, Query } from "../../engine/analyzer.js";
import type { OfflineState } from "../../pwa/offline-state.js";
import type { Incoming } from "../intake/incoming.js";

export type View = "single" | "batch" | "compare";
export type BackendChoice = "auto" | BackendName;
export type Theme = "system" | "light" | "dark";

export type Photo =
  | {
      readonly kind: "example";
      readonly example: string;
      readonly url: string;
      readonly name: string;
      readonly alt: string;
    }
  | { readonly kind: "own"; readonly blob: Blob; readonly name: string };

export type ModelState =
  /** Nobody has asked for it: the reader saves data. */
  | { readonly kind: "waiting" }
  | { readonly kind: "loading"; readonly progress: Progress | null }
  | {
      readonly kind: "ready";
      readonly backend: BackendName;
      readonly name: string;
      readonly version: string;
      readonly queries: readonly Query[];
      readonly threshold: number;
    }
  | { readonly kind: "failed"; readonly error: MnerError };

/** Something to say once, at the foot of the page, that goes away by itself or by a click. */
export interface Toast {
  readonly id: number;
  readonly message: string;
  readonly tone: "plain" | "trouble";
}

export interface AppState {
  readonly view: View;
  /** What stands in the text field. */
  readonly text: string;
  /** What the element was given: follows the text field when the hand rests. */
  readonly askedText: string;
  readonly photo: Photo | null;
  /** Own questions, besides the model's four. */
  readonly queries: readonly Query[];
  /** Least score; `null` for the model's own. */
  readonly threshold: number | null;
  readonly nested: boolean;
  readonly backend: BackendChoice;
  /** Chosen for the compare view; none chosen means all there are. */
  readonly systems: readonly string[];
  /** Results that came with the page and are shown without any model. */
  readonly stored: AnalysisResult | null;
  /** What the element shows now, stored or just computed. */
  readonly result: AnalysisResult | null;
  readonly running: boolean;
  readonly model: ModelState;
  /** What the engine had to tell: fallbacks taken, storage refused. */
  readonly notices: readonly Notice[];
  readonly offline: OfflineState;
  /** `ready`: fetched whole and waiting; `taken`: another tab switched, and this page is now the older one. */
  readonly update: "none" | "ready" | "taken";
  readonly installable: boolean;
  readonly theme: Theme;
  readonly toasts: readonly Toast[];
  /** Something hovers over the page and could be dropped. */
  readonly hovering: boolean;
  /** Files for the batch view that it has not taken yet. */
  readonly forBatch: Incoming | null;
}

export const initialState: AppState = {
  view: "single",
  text: "",
  askedText: "",
  photo: null,
  queries: [],
  threshold: null,
  nested: false,
  backend: "auto",
  systems: [],
  stored: null,
  result: null,
  running: false,
  model: { kind: "waiting" },
  notices: [],
  offline: { kind: "pending" },
  update: "none",
  installable: false,
  theme: "system",
  toasts: [],
  hovering: false,
  forBatch: null,
};
