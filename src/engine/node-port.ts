// Both ends of a connection to a thread of Node's, as the protocol's ports.
import type { MessagePort, Worker } from "node:worker_threads";
import type { Port } from "./protocol.js";

type Transfer = Parameters<MessagePort["postMessage"]>[1];

/** The thread, for whoever started it. */
export function threadPort(thread: Worker): Port {
  return {
    post: (message, transfer = []) => thread.postMessage(message, transfer as Transfer),
    listen(hear, gone) {
      thread.on("message", hear);
      thread.on("messageerror", (error) => gone(error.message));
      thread.on("error", (error) => gone(error instanceof Error ? error.message : String(error)));
      thread.on("exit", () => gone("it ended"));
    },
    close: () => void thread.terminate(),
  };
}

/** Whoever started this thread. */
export function parentPortOf(port: MessagePort): Port {
  return {
    post: (message, transfer = []) => port.postMessage(message, transfer as Transfer),
    listen: (hear) => void port.on("message", hear),
    close: () => port.close(),
  };
}
