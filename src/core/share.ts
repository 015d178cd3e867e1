// One thing for all who want it at once: made when the first asks, kept while anyone holds it, ended when the last lets go.
// Model loads, engines and backends are all shared by these few lines.
import { abortError, orAborted, throwIfAborted } from "./abort.js";

/** A hold on a shared thing. */
export interface Lease<T> {
  readonly value: T;
  /** Gives it back; only the first call counts. */
  release(): void;
}

/** `remember`: whoever joins later hears it too (progress, for instance). */
export type Tell<Event> = (event: Event, remember?: boolean) => void;

export interface ShareRequest<T, Event> {
  /** The same key, part by part, is the same thing. */
  readonly key: readonly unknown[];
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: Event) => void) | undefined;
  /** Its signal fires when nobody wants the thing any more. */
  readonly make: (signal: AbortSignal, tell: Tell<Event>) => Promise<T>;
}

interface Entry<T, Event> {
  readonly key: readonly unknown[];
  readonly made: Promise<T>;
  readonly controller: AbortController;
  readonly listeners: Set<(event: Event) => void>;
  holders: number;
  value?: T;
  last: { readonly event: Event } | null;
}

export class Share<T, Event = never> {
  private readonly entries = new Set<Entry<T, Event>>();
  private readonly end: (value: T) => void;

  /** `end` is called with a made thing when its last holder has let go. */
  constructor(end: (value: T) => void) {
    this.end = end;
  }

  /** Joins the thing of this key or makes it. A signal that fires only lets go of it; others go on. */
  async hold(request: ShareRequest<T, Event>): Promise<Lease<T>> {
    const { key, signal, onEvent } = request;
    throwIfAborted(signal);
    const entry = this.find(key) ?? this.begin(request);
    // A listener of its own for each holder, even when two pass the same function.
    const listener = (event: Event): void => tell(onEvent, event);
    entry.holders++;
    entry.listeners.add(listener);
    if (entry.last) listener(entry.last.event);
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      entry.listeners.delete(listener);
      if (--entry.holders > 0) return;
      this.entries.delete(entry);
      entry.controller.abort(signal?.aborted ? abortError(signal) : undefined);
      entry.made.then(this.end, () => {});
    };
    try {
      return { value: await orAborted(entry.made, signal), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Whoever asks from now on gets another one; who holds this one keeps it. */
  forget(value: T): void {
    for (const entry of this.entries) if (entry.value === value) this.entries.delete(entry);
  }

  private find(key: readonly unknown[]): Entry<T, Event> | undefined {
    return [...this.entries].find(
      (entry) => entry.key.length === key.length && entry.key.every((part, index) => part === key[index]),
    );
  }

  private begin({ key, make }: ShareRequest<T, Event>): Entry<T, Event> {
    const controller = new AbortController();
    const listeners = new Set<(event: Event) => void>();
    const tellAll: Tell<Event> = (event, remember = false) => {
      if (remember) entry.last = { event };
      for (const listener of listeners) listener(event);
    };
    // One turn later, so that even a maker that tells something at once finds everything in place.
    const made = Promise.resolve().then(() => make(controller.signal, tellAll));
    const entry: Entry<T, Event> = { key, made, controller, listeners, holders: 0, last: null };
    this.entries.add(entry);
    made.then(
      (value) => {
        entry.value = value;
      },
      // What could not be made is not shared: the next one tries anew.
      () => this.entries.delete(entry),
    );
    return entry;
  }
}

/** A fault in a caller's callback is reported as uncaught, but stops nothing here. */
export function tell<Event>(callback: ((event: Event) => void) | undefined, event: Event): void {
  try {
    callback?.(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
