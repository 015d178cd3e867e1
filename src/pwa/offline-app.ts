// The page's side of the offline app: registers the service worker, hears of new versions, and asks whether everything that
// is needed without a network is really there.
import {
  ask,
  type CheckAnswer,
  type KnownAnswer,
  type PageMessage,
  type ScriptAnswer,
  type WorkerMessage,
} from "./messages.js";
import type { OfflineState } from "./offline-state.js";
import { trustedScript } from "./trusted-script.js";

export interface OfflineListener {
  offlineChanged(state: OfflineState): void;
  /** A new version was fetched whole and waits for the reader's word. */
  updateReady(): void;
  /** Another page switched to a new version: this one goes on with the old, and may reload when it suits. */
  updateTaken(): void;
}

const SCRIPT = "service-worker.js";
/** Hashing all files takes a moment on a slow device. */
const CHECK_MS = 60_000;
const ANSWER_MS = 5000;
/** Between two looks for a new version while the page stays open. */
const LOOK_AGAIN_MS = 3600 * 1000;

export class OfflineApp {
  readonly #listener: OfflineListener;
  /** The page's main script: its address tells its version. */
  readonly #script: string;
  #registration: ServiceWorkerRegistration | null = null;
  #checking = false;
  /** Asked for and not yet begun: before there is a registration, or while an earlier look was at files that have come since. */
  #checkWanted = false;
  #switching = false;
  #lookedAt = Date.now();

  constructor(script: string, listener: OfflineListener) {
    this.#script = script;
    this.#listener = listener;
  }

  async start(): Promise<void> {
    const container = workers();
    if (typeof container === "string") return this.#listener.offlineChanged({ kind: "unsupported", reason: container });
    container.addEventListener("message", (event) => this.#answer(event));
    container.addEventListener("controllerchange", () => void this.#controllerChanged(container));
    try {
      const address = trustedScript(new URL(SCRIPT, document.baseURI).href);
      this.#registration = await container.register(address, { updateViaCache: "none" });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#listener.offlineChanged({
        kind: "incomplete",
        reason: `The app could not be stored on this device: ${why}`,
      });
      return;
    }
    const registration = this.#registration;
    this.#watch(registration.waiting);
    registration.addEventListener("updatefound", () => this.#watch(registration.installing));
    this.#watch(registration.installing);
    document.addEventListener("visibilitychange", () => this.#lookAgain());
    window.addEventListener("online", () => this.#lookAgain());
    container.controller?.postMessage({ kind: "tidy" } satisfies PageMessage);
    // The model may have been ready before the registration was.
    if (this.#checkWanted) void this.check();
  }

  /** Looks at every stored file. "Ready" is only said after that. */
  async check(): Promise<void> {
    this.#checkWanted = true;
    if (this.#checking) return;
    this.#checking = true;
    while (this.#checkWanted && this.#registration) {
      this.#checkWanted = false;
      await this.#check(this.#registration);
    }
    this.#checking = false;
  }

  /** The reader agreed to the new version: it takes over, and this page reloads into it. */
  applyUpdate(): void {
    const waiting = this.#registration?.waiting;
    this.#switching = true;
    if (waiting) waiting.postMessage({ kind: "take-over" } satisfies PageMessage);
    else location.reload();
  }

  async #check(registration: ServiceWorkerRegistration): Promise<void> {
    const worker = navigator.serviceWorker.controller ?? registration.active;
    if (!worker) return this.#listener.offlineChanged({ kind: "pending" });
    this.#listener.offlineChanged({ kind: "checking" });
    const answer = await ask<CheckAnswer>(worker, { kind: "check" }, CHECK_MS);
    this.#listener.offlineChanged(answer ? toState(answer) : { kind: "pending" });
  }

  #watch(worker: ServiceWorker | null): void {
    if (!worker) return;
    const look = (): void => {
      if (worker.state === "installed" && this.#registration?.active) this.#listener.updateReady();
      else if (worker.state === "activated") void this.check();
      else if (worker.state === "redundant" && !this.#registration?.active) {
        const reason = "Not every file of the app could be stored. It will be tried again on the next visit.";
        this.#listener.offlineChanged({ kind: "incomplete", reason });
      }
    };
    worker.addEventListener("statechange", look);
    look();
  }

  async #controllerChanged(container: ServiceWorkerContainer): Promise<void> {
    if (this.#switching) return location.reload();
    const { controller } = container;
    if (!controller) return;
    const answer = await ask<KnownAnswer>(controller, { kind: "knows", script: this.#script }, ANSWER_MS);
    if (answer && !answer.known) this.#listener.updateTaken();
  }

  #answer(event: MessageEvent): void {
    const message = event.data as WorkerMessage | null;
    if (message?.kind === "which-script") event.ports[0]?.postMessage({ script: this.#script } satisfies ScriptAnswer);
  }

  #lookAgain(): void {
    if (document.visibilityState !== "visible" || Date.now() - this.#lookedAt < LOOK_AGAIN_MS) return;
    this.#lookedAt = Date.now();
    // Without a network there is nothing to see, and nothing to say.
    this.#registration?.update().catch(() => {});
  }
}

function workers(): ServiceWorkerContainer | string {
  if (!globalThis.isSecureContext)
    return "Pages can only be stored when they are served over https (or from this machine).";
  if (!("serviceWorker" in navigator))
    return "This browser does not let pages be stored (in a private window, perhaps).";
  return navigator.serviceWorker;
}

function toState({ missing, files, bytes, model }: CheckAnswer): OfflineState {
  if (missing.length > 0) {
    return {
      kind: "incomplete",
      reason: `${missing.length} of the app's ${files} files are missing on this device. Reload once with a network.`,
    };
  }
  if (model === "incomplete")
    return { kind: "incomplete", reason: "The model is not stored completely on this device." };
  if (model === "none") return { kind: "incomplete", reason: "This build comes without a model." };
  return { kind: "ready", files, bytes };
}
