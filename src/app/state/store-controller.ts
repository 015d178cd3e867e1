// Ties a Lit component to the store: it redraws when one of the keys it reads has changed, and at no other time.
import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Store } from "./store.js";

export class StoreController<State extends object> implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #store: Store<State>;
  readonly #keys: readonly (keyof State)[];
  #leave: () => void = () => {};

  constructor(host: ReactiveControllerHost, store: Store<State>, keys: readonly (keyof State)[]) {
    this.#host = host;
    this.#store = store;
    this.#keys = keys;
    host.addController(this);
  }

  hostConnected(): void {
    this.#leave = this.#store.subscribe((state, before) => {
      if (this.#keys.some((key) => !Object.is(state[key], before[key]))) this.#host.requestUpdate();
    });
    this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    this.#leave();
  }
}
