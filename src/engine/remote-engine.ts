// An engine in another thread, seen from here: one life of one worker. It is ended when it does not listen; whoever uses it
// decides whether to start another.
import { abortError, throwIfAborted } from "../core/abort.js";
import { MnerError } from "../core/mner-error.js";
import type { AnalysisResult } from "../core/results.js";
import type { TokenRows } from "../encoders/bert.js";
import type { RowOutput } from "../systems/system.js";
import { transferablesOf } from "../vision/index.js";
import type { Engine, EngineEvents, EngineInfo, EngineOptions, Job } from "./engine.js";
import { LENT_PHOTOS, type LentPhoto } from "./lent-photo.js";
import { type Answer, type FromEngine, fromPlainError, type Port, type ToEngine } from "./protocol.js";

/** A worker that has not said a word by then will not. */
const ALIVE_MS = 30_000;
/** After an abort the engine answers at its next pause; one that takes longer is stuck. */
const STUCK_MS = 1500;
/** A call is acknowledged before any work on it begins. */
const RECEIVED_MS = 30_000;

/** No worker can be had here: the work has to be done without one. */
export class NoWorker extends Error {}

interface Pending {
  /** Whether the other end has said that it has the call. */
  received: boolean;
  resolve(answer: Answer): void;
  reject(error: MnerError): void;
}

export interface Connection {
  readonly port: Port;
  readonly options: EngineOptions;
  /** Address of the script, where it may start a helper from it. */
  readonly script: string | null;
  readonly events: EngineEvents;
  readonly signal: AbortSignal;
  /** How long a worker may take for its first word; null for one that is sure to come. */
  readonly aliveMs?: number | null;
}

export class RemoteEngine implements Engine {
  info!: EngineInfo;
  private readonly port: Port;
  private readonly events: EngineEvents;
  private readonly pending = new Map<number, Pending>();
  /** Photos that the other end has, the latest first. */
  private lent: readonly string[] = [];
  private nextId = 0;
  private over: MnerError | null = null;
  private hearStart: (message: FromEngine | { readonly type: "gone"; readonly why: string }) => void = () => {};

  private constructor({ port, events }: Connection) {
    this.port = port;
    this.events = events;
    port.listen(
      (message) => this.hear(message as FromEngine),
      (why) => {
        this.hearStart({ type: "gone", why });
        this.end(workerFailed(why));
      },
    );
  }

  /** Starts the engine at the other end. Fails with `NoWorker` when nobody is there. */
  static start(connection: Connection): Promise<RemoteEngine> {
    const { options, script, signal, aliveMs = ALIVE_MS } = connection;
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      const remote = new RemoteEngine(connection);
      let alive = false;
      const settle = (failure: Error | null): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        remote.hearStart = () => {};
        if (failure === null) resolve(remote);
        else {
          remote.end(failure instanceof MnerError ? failure : workerFailed(failure.message));
          reject(failure);
        }
      };
      const onAbort = (): void => settle(abortError(signal));
      const giveUp = (): void => void (alive || settle(new NoWorker("The worker does not answer.")));
      const timer = aliveMs === null ? undefined : setTimeout(giveUp, aliveMs);
      signal.addEventListener("abort", onAbort);
      remote.hearStart = (message) => {
        if (message.type === "alive") {
          alive = true;
          remote.post({ type: "start", options, script });
        } else if (message.type === "started") settle(null);
        else if (message.type === "failed") settle(fromPlainError(message.error));
        else if (message.type === "gone") settle(alive ? workerFailed(message.why) : new NoWorker(message.why));
      };
    });
  }

  /** Whether it has died. */
  get ended(): boolean {
    return this.over !== null;
  }

  analyze(job: Job, signal: AbortSignal): Promise<AnalysisResult> {
    const { call } = this.call((id) => ({ type: "analyze", id, job }), signal, movable(job));
    return call as Promise<AnalysisResult>;
  }

  /** Only the network, over some rows of a batch. A photo that the other end still has is not sent again. */
  async runRows(rows: TokenRows, photo: LentPhoto | null, signal: AbortSignal): Promise<RowOutput> {
    const key = photo?.key ?? null;
    const withPhoto = key !== null && !this.lent.includes(key);
    const { id, call } = this.call((own) => ({ type: "run-rows", id: own, rows, withPhoto, photoKey: key }), signal);
    if (withPhoto) {
      photo!.read!().then(
        (features) => this.pending.has(id) && this.post({ type: "photo", id, photo: features }),
        () => this.pending.has(id) && this.post({ type: "abort", id }),
      );
    }
    try {
      const output = (await call) as RowOutput;
      if (key !== null) this.lent = [key, ...this.lent.filter((one) => one !== key)].slice(0, LENT_PHOTOS);
      return output;
    } catch (error) {
      // What it has kept by now is not known: from here on everything is sent anew.
      this.lent = [];
      throw error;
    }
  }

  dispose(): void {
    this.end(new MnerError("disposed", "The analyser was disposed of. Create a new one."));
  }

  private call(
    message: (id: number) => ToEngine,
    signal: AbortSignal,
    transfer: readonly Transferable[] = [],
  ): { readonly id: number; readonly call: Promise<Answer> } {
    const id = this.nextId++;
    const call = new Promise<Answer>((resolve, reject) => {
      throwIfAborted(signal);
      if (this.over) throw this.over;
      let stuck: ReturnType<typeof setTimeout> | undefined;
      const lost = setTimeout(
        () => this.pending.get(id)?.received === false && this.end(workerFailed("it did not take the call")),
        RECEIVED_MS,
      );
      const onAbort = (): void => {
        this.post({ type: "abort", id });
        stuck = setTimeout(() => this.end(workerFailed("it did not stop")), STUCK_MS);
      };
      const leave = (): void => {
        clearTimeout(stuck);
        clearTimeout(lost);
        signal.removeEventListener("abort", onAbort);
        this.pending.delete(id);
      };
      this.pending.set(id, {
        received: false,
        resolve: (answer) => {
          leave();
          resolve(answer);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      });
      signal.addEventListener("abort", onAbort);
      try {
        this.port.post(message(id), transfer);
      } catch (cause) {
        leave();
        // The only things in a job that may refuse to be copied are the pixels of a photo from elsewhere.
        const why =
          "The photo comes from another site that does not let its pixels be read. Serve it with CORS headers, or from the page's own site.";
        throw new MnerError("image-cross-origin", why, { cause });
      }
    });
    return { id, call };
  }

  private post(message: ToEngine): void {
    this.port.post(message);
  }

  private hear(message: FromEngine): void {
    if ("info" in message) this.info = message.info;
    this.hearStart(message);
    if (message.type === "received") this.hearReceived(message.id);
    else if (message.type === "unreadable") this.rejectUnread();
    if (message.type === "progress") this.events.onProgress(message.progress);
    else if (message.type === "notice") this.events.onNotice(message.notice);
    else if (message.type === "answer") this.pending.get(message.id)?.resolve(message.answer);
    else if (message.type === "error") this.pending.get(message.id)?.reject(fromPlainError(message.error));
  }

  private hearReceived(id: number): void {
    const call = this.pending.get(id);
    if (call) call.received = true;
  }

  /** What could not be read has no number: it is one of the calls that never arrived, and those come in order. */
  private rejectUnread(): void {
    const why =
      "The photo could not be handed over: its pixels were given away while it was on its way. Give it again.";
    const lost = [...this.pending.values()].find(({ received }) => !received);
    lost?.reject(new MnerError("image-unreadable", why));
  }

  private end(error: MnerError): void {
    if (this.over) return;
    this.over = error;
    this.port.close();
    for (const { reject } of [...this.pending.values()]) reject(error);
  }
}

function workerFailed(why: string): MnerError {
  return new MnerError("worker-failed", `The engine's worker stopped (${why || "no reason given"}). Analyse again.`);
}

/** What is moved rather than copied, and hence gone with the worker. */
export function movable({ photo }: Job): Transferable[] {
  return photo === null || photo.kind === "node" || photo.kind === "broken" ? [] : transferablesOf(photo);
}
