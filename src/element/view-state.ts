// What a tag shows of a result, worked out anew only when something it depends on has changed, with what the reader switched.
import type { AnalysisResult, QueryResult } from "../core/results.js";
import { same, toList, toNumber } from "./loose-values.js";
import type { PhotoState } from "./photo-state.js";
import { type Segmentation, segmentText } from "./segment-text.js";
import { buildView, emptyView, type View, withSize } from "./view.js";

export interface Shown {
  readonly text: string;
  readonly result: AnalysisResult | null;
  readonly threshold: number | string | null;
  readonly types: readonly string[] | string | null;
  readonly photo: PhotoState;
}

export class ViewState {
  view: View = emptyView;
  segmentation: Segmentation = segmentText("", []);
  /** The result, with the photo's size where only the page knows it. */
  result: AnalysisResult | null = null;
  #hidden: ReadonlySet<string> = new Set();
  #whyType: string | null = null;
  #madeOf: readonly unknown[] | null = null;

  update({ text, result, threshold, types, photo }: Shown): void {
    const isPhotoShown = photo.source !== null && !photo.error;
    const madeOf = [result, threshold, types, this.#hidden, isPhotoShown, photo.size, text];
    if (same(this.#madeOf, madeOf)) return;
    this.#madeOf = madeOf;
    this.result = withSize(result, photo.size);
    this.view = buildView(this.result, {
      threshold: toNumber(threshold),
      types: toList(types),
      hidden: this.#hidden,
      photo: isPhotoShown,
    });
    this.segmentation = segmentText(text, this.view.entities);
  }

  toggleType(type: string): void {
    const hidden = new Set(this.#hidden);
    if (!hidden.delete(type)) hidden.add(type);
    this.#hidden = hidden;
  }

  chooseQuery(type: string): void {
    this.#whyType = type;
  }

  /** The query whose attention is shown: that of the name pointed at, else the one chosen, else any that has one. */
  whyQuery(active: ReadonlySet<string>): QueryResult | null {
    const queries = this.result?.queries ?? [];
    const wanted = this.view.entities.find(({ id }) => active.has(id))?.type ?? this.#whyType;
    return queries.find(({ type }) => type === wanted) ?? queries.find(({ attention }) => attention) ?? null;
  }
}
