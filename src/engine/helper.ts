// A second worker that runs part of a batch's rows with a network of its own. Threads need a cross-origin isolated page;
// a second worker does not, and the rows of a batch have nothing to say to each other.
import { MnerError, throwIfAborted } from "../errors/mner-error.js";
import type { FeatureData, NetworkOutput, Sequences } from "../network/index.js";
import type { EngineOptions } from "./job.js";
import { type FromWorker, fromPlainError, type ToWorker } from "./protocol.js";
import { startWorker } from "./start-worker.js";

export interface Helper {
  /** Runs these rows. The photo's features may still be on their way. Fails with `worker-failed` when it is of no more use. */
  run(rows: Sequences, photo: Promise<FeatureData> | null, signal: AbortSignal): Promise<NetworkOutput>;
  dispose(): void;
}

/** Starts a helper that has the very same release of the model. */
export function startHelper(script: string, options: EngineOptions, release: string): Promise<Helper> {
  return new Promise((resolve, reject) => {
    const worker = startWorker(script);
    const helper = new WorkerHelper(worker);
    const fail = (why: string): void => {
      helper.end(why);
      reject(failed(why));
    };
    worker.onerror = (event) => {
      event.preventDefault?.();
      fail(event.message || "no reason given");
    };
    worker.onmessageerror = () => fail("a message could not be read");
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === "alive") helper.post({ type: "start", options, script: null });
      else if (data.type === "failed") fail(data.error.message);
      else if (data.type === "started") {
        // Halves of two releases would make a result that is neither's.
        if (data.info.release === release) resolve(helper);
        else fail("the model has changed on its server");
      } else helper.hear(data);
    };
  });
}

interface Pending {
  resolve(output: NetworkOutput): void;
  reject(error: MnerError): void;
}

class WorkerHelper implements Helper {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;
  private over: MnerError | null = null;

  constructor(worker: Worker) {
    this.worker = worker;
  }

  async run(rows: Sequences, photo: Promise<FeatureData> | null, signal: AbortSignal): Promise<NetworkOutput> {
    throwIfAborted(signal);
    if (this.over) throw this.over;
    const id = this.nextId++;
    const abort = (): void => this.post({ type: "abort", id });
    signal.addEventListener("abort", abort);
    try {
      return await new Promise<NetworkOutput>((resolve, reject) => {
        this.pending.set(id, { resolve, reject });
        this.post({ type: "run-rows", id, rows, withPhoto: photo !== null });
        photo?.then((features) => this.pending.has(id) && this.post({ type: "photo", id, features }), abort);
      });
    } finally {
      this.pending.delete(id);
      signal.removeEventListener("abort", abort);
    }
  }

  dispose(): void {
    this.end("it is not needed any more");
  }

  post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  hear(message: FromWorker): void {
    if (message.type === "rows") this.pending.get(message.id)?.resolve(message.output);
    else if (message.type === "error") this.pending.get(message.id)?.reject(fromPlainError(message.error));
  }

  end(why: string): void {
    if (this.over) return;
    this.over = failed(why);
    this.worker.terminate();
    for (const { reject } of this.pending.values()) reject(this.over);
  }
}

function failed(why: string): MnerError {
  return new MnerError("worker-failed", `The second worker stopped (${why}). The work goes on without it.`);
}
