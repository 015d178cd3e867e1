// Makes the worker, wherever the script came from.
import workerUrl from "./worker.js?worker&url";

/** Throws when workers are forbidden at once; later refusals arrive as an `error` event. */
export function createWorker(): Worker {
  const url = new URL(workerUrl, import.meta.url);
  const options = { type: "module", name: "mner-qg" } as const;
  if (url.origin === location.origin) return new Worker(url, options);
  // A worker's script must come from the page's own origin, but what it imports need not (the server allows it by CORS).
  const source = URL.createObjectURL(new Blob([`import ${JSON.stringify(url.href)};`], { type: "text/javascript" }));
  const worker = new Worker(source, options);
  worker.addEventListener("message", () => URL.revokeObjectURL(source), { once: true });
  return worker;
}
