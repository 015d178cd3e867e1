// What happens once, when the page opens: where it begins, and what it listens to from then on.

import type { App } from "./app.js";
import { firstExample, firstResult } from "./examples/examples.js";
import { listenForIntake } from "./intake/listen.js";
import { hadPhoto, keptPhoto, takeDraft } from "./state/draft.js";
import { readFragment, sharedPart, writeFragment } from "./state/share-link.js";

/** How long the state must rest before the address follows. */
const ADDRESS_MS = 400;

/** Decides what is shown first. Nothing here waits for the model. */
export function begin(app: App): void {
  const shared = readFragment(location.hash);
  if (shared) app.apply(shared);
  // Where a photo of one's own stood alone, it comes back in a moment: the example would only flash by.
  else if (!hadPhoto()) app.showExample(firstExample, firstResult);
  void beginAgain(app);
}

/** What was handed over by the page before, or by another app: read from the device, so it comes a moment later. */
async function beginAgain(app: App): Promise<void> {
  const draft = await takeDraft();
  if (draft) app.restore(draft);
  else await bringPhotoBack(app);
  const address = new URL(location.href);
  const id = address.searchParams.get("shared");
  if (id === null) return;
  address.searchParams.delete("shared");
  history.replaceState(history.state, "", address);
  const { takeShare } = await import("../pwa/share-inbox.js");
  const share = await takeShare(id).catch(() => null);
  if (!share) return app.say("What was shared did not arrive. Share it again, or drop it here.", "trouble");
  app.receive({ text: share.text || null, photos: share.photos, tables: [], unknown: [] });
}

async function bringPhotoBack(app: App): Promise<void> {
  const had = hadPhoto();
  const photo = await keptPhoto();
  if (photo && app.state.photo === null) app.restorePhoto(photo);
  else if (had && !photo) app.say("Your photo is gone: this device did not keep it over the reload. Choose it again.");
}

export function listen(app: App): void {
  followAddress(app);
  listenForIntake({
    received: (incoming, field) => {
      const { text } = incoming;
      const pastedInto = field && text !== null && incoming.photos.length === 0 && incoming.tables.length === 0;
      // Pasted at the caret, it is part of what stands there; anywhere else it is a new tweet.
      if (pastedInto) {
        field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
        field.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
      } else app.receive(incoming);
    },
    failed: (error) => app.say(error.message, "trouble"),
    hovering: (over) => app.setHovering(over),
  });
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    app.installPossible(event);
  });
}

/** Keeps the fragment and the state in step, both ways, without filling the history. */
function followAddress(app: App): void {
  let written = location.hash.replace(/^#/, "");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = (): void => {
    // An untouched example is what everyone sees: it needs no address.
    const { stored, view } = app.state;
    const plain = stored === firstResult && view === "single";
    const fragment = plain ? "" : writeFragment(sharedPart(app.state));
    if (fragment === written) return;
    written = fragment;
    const address = new URL(location.href);
    address.hash = fragment;
    history.replaceState(history.state, "", address);
  };
  app.store.subscribe(() => {
    clearTimeout(timer);
    timer = setTimeout(write, ADDRESS_MS);
  });
  window.addEventListener("hashchange", () => {
    const fragment = location.hash.replace(/^#/, "");
    if (fragment === written) return;
    written = fragment;
    const shared = readFragment(fragment);
    if (shared) app.apply(shared);
  });
}
