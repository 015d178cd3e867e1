// One observer for all tags of a page: tells each when it comes near the visible part and when it leaves again.

type Listener = (near: boolean) => void;

const listeners = new WeakMap<Element, Listener>();
let observer: IntersectionObserver | null = null;

/** Tags start a little before they are seen. */
const margin = "300px 0px";

function shared(): IntersectionObserver {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) listeners.get(entry.target)?.(entry.isIntersecting);
    },
    { rootMargin: margin },
  );
  return observer;
}

/** Calls back with the state at once and at each change. Where nothing can be observed, everything is near. */
export function watchViewport(element: Element, listener: Listener): () => void {
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
