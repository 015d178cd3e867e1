// What the templates are given: everything that is drawn and everything that can be done, without the element itself.
import type { AnalysisResult, QueryResult } from "../core/results.js";
import type { Phase } from "./analysis.js";
import type { Segmentation } from "./segment-text.js";
import type { Localizer } from "./strings/localize.js";
import { isAmbiguous, type ShownBox, type ShownEntity, type Stop, type View } from "./view.js";

export type PhotoSource =
  | { readonly kind: "url"; readonly url: string; readonly crossOrigin: string | null }
  | { readonly kind: "pixels"; readonly width: number; readonly height: number };

export interface Scene {
  readonly localizer: Localizer;
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
  /** What stands below the photo, where the tag's own content says it. */
  readonly caption: string;
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly listOpen: boolean;
  readonly whyOpen: boolean;
  /** The query whose attention is shown. */
  readonly whyQuery: QueryResult | null;
  /** Shown next to what could still be drawn. */
  readonly error: Error | null;
  readonly startShown: boolean;
  readonly waitingShown: boolean;
  /** Whether names may be missed because the text is not written in English letters. */
  readonly foreign: boolean;
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

export function placeOf(scene: Pick<Scene, "result" | "localizer">, entity: ShownEntity): string {
  const { strings } = scene.localizer;
  const found = seen(scene, entity);
  if (found === null) return "";
  if (!found) return strings.notInPhoto;
  return isAmbiguous(entity) ? strings.oneOfTwo : strings.inPhoto;
}

/** Where it is, with the place's own figure: that of the box, or that there is none. */
export function placeWithFigure(scene: Pick<Scene, "result" | "localizer">, entity: ShownEntity): string {
  const place = placeOf(scene, entity);
  const percent = scene.localizer.percent(entity.region?.score ?? entity.notInPhoto ?? Number.NaN);
  return place && percent ? `${place} ${percent}` : place;
}
