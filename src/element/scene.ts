// What the templates are given: everything that is drawn and everything that can be done, without the element itself.
import type { AnalysisResult, QueryResult } from "../core/results.js";
import type { Phase } from "./analysis.js";
import type { Segmentation } from "./segment-text.js";
import type { Speaker } from "./strings/speak.js";
import type { ShownBox, ShownEntity, View } from "./view-model.js";
import type { Stop } from "./walk.js";

export type PhotoSource =
  | { readonly kind: "url"; readonly url: string; readonly crossOrigin: string | null }
  | { readonly kind: "pixels"; readonly width: number; readonly height: number };

export interface Scene {
  readonly speaker: Speaker;
  readonly phase: Phase;
  readonly text: string;
  readonly segmentation: Segmentation;
  readonly view: View;
  readonly result: AnalysisResult | null;
  /** Ids of the names that are lit now. */
  readonly active: ReadonlySet<string>;
  readonly pinned: string | null;
  /** Where the keyboard stands, for the one tab stop. */
  readonly stop: Stop | null;
  readonly listStop: string | null;
  readonly photo: PhotoSource | null;
  readonly photoError: Error | null;
  readonly alt: string | null;
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly listOpen: boolean;
  readonly whyOpen: boolean;
  /** The query whose attention is shown. */
  readonly whyQuery: QueryResult | null;
  /** Shown next to what could still be drawn. */
  readonly error: Error | null;
  readonly startShown: boolean;
  readonly waitingShown: boolean;
  readonly announcement: string;
  readonly act: SceneActions;
}

export interface SceneActions {
  toggleType(type: string): void;
  toggleList(): void;
  toggleWhy(): void;
  chooseQuery(type: string): void;
  start(): void;
  pinEntity(id: string): void;
  pinBox(box: ShownBox): void;
  photoLoaded(event: Event): void;
  photoFailed(): void;
}

/** Whether a name is seen in the photo; `null` when there was no photo to look at. */
export function seen(scene: Pick<Scene, "result">, entity: ShownEntity): boolean | null {
  return scene.result?.image ? entity.region !== null : null;
}

export function placeOf(scene: Pick<Scene, "result" | "speaker">, entity: ShownEntity): string {
  const { strings } = scene.speaker;
  const found = seen(scene, entity);
  if (found === null) return "";
  return found ? strings.inPhoto : strings.notInPhoto;
}
