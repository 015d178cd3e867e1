// The far end of a RemoteEngine: starts a session on request and answers calls, hearing aborts between the session's steps.
import type { PlainTree } from "../nn/tensor-tree.js";
import type { EngineEvents, EngineOptions, Environment } from "./engine.js";
import { type Answer, type FromEngine, isToEngine, type Port, type ToEngine, toPlainError } from "./protocol.js";
import { type Session, startSession } from "./session.js";

/** Serves whoever is at the other end of the port. `environment` is asked for once the script's own address is known. */
export function serveEngine(port: Port, environment: (script: string | null) => Environment): void {
  const post = (message: FromEngine): void => port.post(message);
  const running = new Map<number, AbortController>();
  const photos = new Map<number, (photo: PlainTree) => void>();
  let session: Session | null = null;
  let begun = false;

  const start = async (options: EngineOptions, script: string | null): Promise<void> => {
    const events: EngineEvents = {
      onProgress: (progress) => post({ type: "progress", progress }),
      onNotice: (notice) => post({ type: "notice", notice }),
    };
    try {
      // Whoever gives up on a start ends the whole thread, so nothing has to be aborted here.
      const own = environment(script);
      const wasm = { ...own.wasm, ...(options.products ? { products: options.products } : {}) };
      session = await startSession(options, { ...own, wasm }, events, new AbortController().signal);
      post({ type: "started", info: session.info });
    } catch (error) {
      post({ type: "failed", error: toPlainError(error) });
    }
  };

  const answer = async (id: number, work: (signal: AbortSignal) => Promise<Answer>): Promise<void> => {
    const { info } = session!;
    post({ type: "received", id });
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const given = await work(controller.signal);
      post({ type: "answer", id, answer: given, info: session!.info });
    } catch (error) {
      post({ type: "error", id, error: toPlainError(error), info });
    } finally {
      running.delete(id);
      photos.delete(id);
    }
  };

  /** The features of a photo, once they are sent. */
  const photoOf = (id: number, signal: AbortSignal): Promise<PlainTree> =>
    new Promise((resolve, reject) => {
      photos.set(id, resolve);
      signal.addEventListener("abort", () => reject(signal.reason));
    });

  const hear = (message: ToEngine): void => {
    const current = session;
    if (message.type === "start") {
      if (!begun) void start(message.options, message.script);
      begun = true;
    } else if (current === null) return;
    else if (message.type === "analyze") void answer(message.id, (signal) => current.analyze(message.job, signal));
    else if (message.type === "run-rows") {
      const { id, rows, withPhoto, photoKey } = message;
      void answer(id, (signal) => {
        const coming = withPhoto ? photoOf(id, signal) : null;
        const photo = typeof photoKey === "string" ? { key: photoKey, read: coming && (() => coming) } : null;
        return current.runRows(rows, photo, signal);
      });
    } else if (message.type === "photo") photos.get(message.id)?.(message.photo);
    else running.get(message.id)?.abort();
  };
  port.listen(
    (data) => void (isToEngine(data) && hear(data)),
    () => session?.dispose(),
  );
  post({ type: "alive" });
}
