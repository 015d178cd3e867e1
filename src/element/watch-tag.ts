// Watches a tag while it is part of a page: what is written in it, how large it is, whether it is near what is seen.
import { bare } from "../core/json.js";

type Listener = (near: boolean) => void;

const listeners = new WeakMap<Element, Listener>();
/** One observer for all tags of a page. */
let observer: IntersectionObserver | null = null;
/** Tags start a little before they are seen. */
const margin = "300px 0px";

function shared(): IntersectionObserver {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) listeners.get(entry.target)?.(entry.isIntersecting);
    },
    bare({ rootMargin: margin }),
  );
  return observer;
}

/** Calls back with the state at once and at each change. Where nothing can be observed, everything is near. */
function watchViewport(element: Element, listener: Listener): () => void {
  if (typeof IntersectionObserver === "undefined") {
    listener(true);
    return () => {};
  }
  listeners.set(element, listener);
  shared().observe(element);
  return () => {
    listeners.delete(element);
    observer?.unobserve(element);
  };
}

export interface TagWatcher {
  contentChanged(): void;
  sizeChanged(): void;
  nearChanged(near: boolean): void;
}

/** Returns what ends the watching. */
export function watchTag(tag: Element, watcher: TagWatcher): () => void {
  const content = new MutationObserver(() => watcher.contentChanged());
  content.observe(tag, {
    childList: true,
    characterData: true,
    subtree: true,
    attributeFilter: ["src", "srcset", "alt"],
  });
  const size = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(() => watcher.sizeChanged());
  size?.observe(tag);
  const stopViewport = watchViewport(tag, (near) => watcher.nearChanged(near));
  return () => {
    content.disconnect();
    size?.disconnect();
    stopViewport();
  };
}
