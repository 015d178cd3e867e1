// Puts together what the templates are given, from the parts of a tag that know it, and what a reader's hand can do to it.
import type { Phase } from "./analysis.js";
import { buildWalk, type Interaction, idsOf } from "./interaction.js";
import type { PhotoState } from "./photo-state.js";
import type { Scene, SceneActions } from "./scene.js";
import type { Loading } from "./scheduler.js";
import type { Selection } from "./selection.js";
import type { Localizer } from "./strings/localize.js";
import type { ViewState } from "./view-state.js";

export interface SceneParts {
  readonly tag: {
    readonly list: boolean;
    readonly why: boolean;
    readonly loading: Loading;
  };
  readonly text: string;
  readonly alt: string | null;
  readonly caption: string;
  /** Results that the page gave, with what is wrong with them. */
  readonly given: { readonly error: Error | null } | null;
  readonly phase: Phase;
  /** Whether this was asked already: then what is idle was stopped. */
  readonly wasAsked: boolean;
  readonly shown: ViewState;
  readonly photo: PhotoState;
  readonly selection: Selection;
  readonly interaction: Interaction | null;
  readonly localizer: Localizer;
  readonly announcement: string;
  readonly act: SceneActions;
}

const letters = /\p{L}/gu;
const latin = /\p{Script=Latin}/u;
/** From this share of its letters on, a text counts as written in another script. */
const mostly = 0.3;

/** Whether much of a text is written in letters that the shipped model, trained on English, has hardly seen. */
export function isForeign(text: string): boolean {
  const all = text.match(letters) ?? [];
  return all.length > 0 && all.filter((letter) => !latin.test(letter)).length >= mostly * all.length;
}

export function composeScene(parts: SceneParts): Scene {
  const { tag, text, given, phase, wasAsked, shown, photo, selection, interaction, act, ...rest } = parts;
  const { result, view, segmentation } = shown;
  const { active, pinned } = selection;
  const isIdle = phase.kind === "idle" && !result && !given && text.trim() !== "";
  const isForReader = tag.loading === "manual" || wasAsked;
  return {
    ...rest,
    phase,
    text,
    segmentation,
    view,
    result,
    active,
    pinned,
    stop: interaction?.stop(buildWalk(view)) ?? null,
    listStop: interaction?.listStop(view.entities.map(({ id }) => id)) ?? null,
    photo: photo.source,
    photoError: photo.error,
    size: result?.image ?? photo.size,
    listOpen: tag.list,
    whyOpen: tag.why,
    whyQuery: shown.whyQuery(active),
    error: phase.kind === "error" ? phase.error : (given?.error ?? null),
    startShown: isIdle && isForReader,
    waitingShown: isIdle && !isForReader,
    // Results of another model may know what ours does not.
    foreign: result !== null && (!given || /^mner-qg/.test(result.model.name)) && isForeign(text),
    act,
  };
}

/** The parts of the tag that a reader's hand reaches. */
export interface Handled {
  list: boolean;
  why: boolean;
  analyze(): Promise<unknown>;
  requestUpdate(): void;
}

export function sceneActions(tag: Handled, shown: ViewState, selection: Selection, photo: PhotoState): SceneActions {
  return {
    toggleType: (type) => {
      shown.toggleType(type);
      tag.requestUpdate();
    },
    toggleList: () => {
      tag.list = !tag.list;
    },
    toggleWhy: () => {
      tag.why = !tag.why;
    },
    chooseQuery: (type) => {
      selection.clear();
      shown.chooseQuery(type);
      tag.requestUpdate();
    },
    start: () => {
      // The failure is shown in the tag and told by event.
      tag.analyze().catch(() => {});
    },
    pinEntity: (id) => {
      selection.toggle(id);
      tag.requestUpdate();
    },
    pinBox: (box) => {
      selection.cycle(idsOf(box));
      tag.requestUpdate();
    },
    photoLoaded: (event) => photo.loaded(event.target as HTMLImageElement),
    photoFailed: () => photo.refused(),
  };
}
