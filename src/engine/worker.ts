// The worker's entry: an engine for whoever started it.
import type { ThreadStart } from "./backends/fused/pool.js";
import { browserEnvironment } from "./browser-environment.js";
import type { FromEngine } from "./protocol.js";
import { serveEngine } from "./serve.js";

const scope = self as unknown as DedicatedWorkerGlobalScope;

serveEngine(
  {
    post: (message) => scope.postMessage(message),
    listen: (hear) => {
      const unreadable = () => scope.postMessage({ type: "unreadable" } satisfies FromEngine);
      // Browsers differ: some tell by an event of its own, some hand over nothing at all.
      scope.onmessage = ({ data }) => {
        if (data === null) unreadable();
        else if (isThreadStart(data)) void help(data);
        else hear(data);
      };
      scope.onmessageerror = unreadable;
    },
    close: () => scope.close(),
  },
  (script) => browserEnvironment(mayHaveHelper() ? script : null),
);

/** Or no engine at all: a thread of another worker's, which hears nothing more from then on. */
async function help(thread: ThreadStart): Promise<void> {
  const { beThread, READY } = await import("./backends/fused/pool.js");
  await beThread(thread, () => scope.postMessage(READY));
}

function isThreadStart(data: unknown): data is ThreadStart {
  return typeof data === "object" && data !== null && (data as Partial<ThreadStart>).type === "thread";
}

/** A second core, and memory for a second copy of the weights; browsers that do not say how much there is get the benefit. */
function mayHaveHelper(): boolean {
  const { hardwareConcurrency = 1, deviceMemory = 8 } = navigator as Navigator & { readonly deviceMemory?: number };
  return typeof Worker === "function" && hardwareConcurrency > 1 && deviceMemory >= 4;
}
