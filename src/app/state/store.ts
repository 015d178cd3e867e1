// One place that holds everything the page knows. Parts read it and hear of changes; only App's actions write to it.

export interface Store<State extends object> {
  readonly state: Readonly<State>;
  /** Merges; listeners are told once, and only when something is really different. */
  set(patch: Partial<State>): void;
  /** Returns the way to stop listening. */
  subscribe(listener: StoreListener<State>): () => void;
}

export type StoreListener<State> = (state: Readonly<State>, before: Readonly<State>) => void;

export function createStore<State extends object>(initial: State): Store<State> {
  let state: Readonly<State> = initial;
  const listeners = new Set<StoreListener<State>>();
  return {
    get state() {
      return state;
    },
    set(patch) {
      const keys = Object.keys(patch) as (keyof State)[];
      if (keys.every((key) => Object.is(patch[key], state[key]))) return;
      const before = state;
      state = { ...state, ...patch };
      for (const listener of [...listeners]) listener(state, before);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
