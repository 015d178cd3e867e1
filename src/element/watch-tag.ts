// Watches a tag while it is part of a page: what is written in it, how large it is, whether it is near what is seen.
import { watchViewport } from "./near-viewport.js";

export interface TagWatcher {
  contentChanged(): void;
  sizeChanged(): void;
  nearChanged(near: boolean): void;
}

/** Returns what ends the watching. */
export function watchTag(tag: Element, watcher: TagWatcher): () => void {
  const content = new MutationObserver(() => watcher.contentChanged());
  content.observe(tag, { childList: true, characterData: true, subtree: true });
  const size = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(() => watcher.sizeChanged());
  size?.observe(tag);
  const stopViewport = watchViewport(tag, (near) => watcher.nearChanged(near));
  return () => {
    content.disconnect();
    size?.disconnect();
    stopViewport();
  };
}
