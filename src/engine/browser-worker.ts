// Workers of a browser: started from the address of their script, wherever that lies, and spoken to as a port.
import { bare } from "../core/json.js";
import type { Port } from "./protocol.js";

/** Throws when workers are forbidden at once; later refusals arrive as the port's end. */
export function openWorker(address: string): Port {
  const worker = startWorker(address);
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    listen(hear, gone) {
      worker.onmessage = ({ data }) => hear(data);
      worker.onmessageerror = () => gone("a message could not be read");
      worker.onerror = (event) => {
        event.preventDefault?.();
        gone(event.message || "no reason given");
      };
    },
    close: () => worker.terminate(),
  };
}

export function startWorker(address: string): Worker {
  const url = new URL(address);
  const options = bare({ type: "module", name: "mner-qg" } as const);
  if (url.origin === location.origin) return new Worker(trusted(url.href), options);
  // A worker's script must come from the page's own origin, but what it imports need not (the server allows it by CORS).
  const source = URL.createObjectURL(
    new Blob([`import ${JSON.stringify(url.href)};`], bare({ type: "text/javascript" })),
  );
  const worker = new Worker(trusted(source), options);
  worker.addEventListener("message", () => URL.revokeObjectURL(source));
  return worker;
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/** Where Trusted Types are enforced, a script's address must be vouched for. Only the two above ever come here. */
function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  return trustedTypes?.createPolicy("mner-qg-worker", { createScriptURL: (own) => own }).createScriptURL(url) ?? url;
}
