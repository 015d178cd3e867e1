// Puts together what the templates are given, from the parts of a tag that know it.
import type { Phase } from "./analysis.js";
import type { Loading } from "./asking.js";
import type { Interaction } from "./interaction.js";
import type { PhotoState } from "./photo-state.js";
import type { Scene, SceneActions } from "./scene.js";
import type { Selection } from "./selection.js";
import type { Speaker } from "./strings/speak.js";
import type { ViewState } from "./view-state.js";
import { buildWalk } from "./walk.js";

export interface SceneParts {
  readonly tag: {
    readonly alt: string | null;
    readonly list: boolean;
    readonly why: boolean;
    readonly loading: Loading;
  };
  readonly text: string;
  /** Results that the page gave, with what is wrong with them. */
  readonly given: { readonly error: Error | null } | null;
  readonly phase: Phase;
  /** Whether this was asked already: then what is idle was stopped. */
  readonly wasAsked: boolean;
  readonly shown: ViewState;
  readonly photo: PhotoState;
  readonly selection: Selection;
  readonly interaction: Interaction | null;
  readonly speaker: Speaker;
  readonly announcement: string;
  readonly act: SceneActions;
}

export function composeScene(parts: SceneParts): Scene {
  const { tag, text, given, phase, wasAsked, shown, photo, selection, interaction, speaker, announcement, act } = parts;
  const { result, view, segmentation } = shown;
  const { active, pinned } = selection;
  const isIdle = phase.kind === "idle" && !result && !given && text.trim() !== "";
  const isForReader = tag.loading === "manual" || wasAsked;
  return {
    speaker,
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
    alt: tag.alt,
    size: result?.image ?? photo.size,
    listOpen: tag.list,
    whyOpen: tag.why,
    whyQuery: shown.whyQuery(active),
    error: phase.kind === "error" ? phase.error : (given?.error ?? null),
    startShown: isIdle && isForReader,
    waitingShown: isIdle && !isForReader,
    announcement,
    act,
  };
}
