// What all parts of the page share: they are handed the app, and redraw when one of the facts they read changes.
import { LitElement, type PropertyDeclarations } from "lit";
import type { App } from "../app.js";
import type { AppState } from "../state/state.js";
import { StoreController } from "../state/store-controller.js";

export abstract class PagePart extends LitElement {
  static override properties: PropertyDeclarations = { app: { attribute: false } };

  declare app: App;
  /** The facts this part draws. */
  protected abstract readonly reads: readonly (keyof AppState)[];
  #follows = false;

  protected get state(): Readonly<AppState> {
    return this.app.state;
  }

  protected override shouldUpdate(): boolean {
    return this.app !== undefined;
  }

  protected override willUpdate(_changed: Map<PropertyKey, unknown>): void {
    if (this.#follows) return;
    this.#follows = true;
    new StoreController(this, this.app.store, this.reads);
  }
}
