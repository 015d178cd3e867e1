// The page's engine in a worker: replaced by a fresh one when it dies, and the job with it.
import { throwIfAborted } from "../core/abort.js";
import { isMnerError } from "../core/mner-error.js";
import { openWorker } from "./browser-worker.js";
import type { Engine, StartEngine } from "./engine.js";
import { movable, RemoteEngine } from "./remote-engine.js";
import workerUrl from "./worker.js?worker&url";

/** A file of the bundle, beside this one. */
export const workerAddress: string = new URL(workerUrl, import.meta.url).href;

export const startWorkerEngine: StartEngine = async (options, events, signal): Promise<Engine> => {
  const start = async (stop: AbortSignal): Promise<RemoteEngine> =>
    RemoteEngine.start({ port: openWorker(workerAddress), options, script: workerAddress, events, signal: stop });
  let remote = await start(signal);
  return {
    get info() {
      return remote.info;
    },
    async analyze(job, stop, onPartial) {
      for (let attempt = 0; ; attempt++) {
        if (remote.ended) remote = await start(stop);
        try {
          return await remote.analyze(job, stop, onPartial);
        } catch (error) {
          throwIfAborted(stop);
          if (!isMnerError(error)) throw error;
          if (error.code === "image-cross-origin" && !job.strictPhoto && job.photo?.kind !== "broken") {
            // It could not even be sent; the engine decides what becomes of a broken photo.
            return remote.analyze(
              { ...job, photo: { kind: "broken", code: error.code, message: error.message } },
              stop,
              onPartial,
            );
          }
          // A worker that died (of memory, mostly) gets a second chance with a fresh one; what was moved to it is gone.
          if (attempt > 0 || error.code !== "worker-failed" || movable(job).length > 0) throw error;
          events.onNotice({ code: "worker-failed", message: `${error.message} It was started again.` });
        }
      }
    },
    dispose: () => remote.dispose(),
  };
};
