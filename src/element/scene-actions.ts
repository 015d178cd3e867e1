// What a reader can do to a tag: switch, choose, pin, start.
import { idsOf } from "./interaction.js";
import type { PhotoState } from "./photo-state.js";
import type { SceneActions } from "./scene.js";
import type { Selection } from "./selection.js";
import type { ViewState } from "./view-state.js";

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
