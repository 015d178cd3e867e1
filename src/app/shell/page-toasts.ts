// What has to be said now: a new version, or something that went wrong with what came in. At the foot, out of the way.
import { css, html, nothing, type TemplateResult } from "lit";
import type { AppState } from "../state/state.js";
import { controls } from "../styles/controls.js";
import { icons } from "../styles/icons.js";
import { PagePart } from "./page-part.js";

export class PageToasts extends PagePart {
  protected readonly reads: readonly (keyof AppState)[] = ["toasts", "update"];

  static override styles = [
    controls,
    css`
      :host {
        position: fixed;
        inset-block-end: 1rem;
        inset-inline: 1rem;
        z-index: 1;
        display: grid;
        justify-items: center;
        gap: 0.5rem;
        pointer-events: none;
      }
      .toast {
        display: flex;
        align-items: center;
        gap: 0.75rem;
        max-inline-size: 44rem;
        padding: 0.6rem 0.7rem 0.6rem 1.1rem;
        border: 1px solid var(--edge);
        border-radius: var(--radius);
        font-size: 0.9375rem;
        overflow-wrap: anywhere;
        background: var(--card);
        box-shadow: 0 6px 24px rgb(0 0 0 / 0.14);
        pointer-events: auto;
      }
      .toast p {
        flex: 1;
      }
      .trouble {
        border-color: var(--bad);
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { toasts, update } = this.state;
    return html`<div role="status">${update === "none" ? nothing : this.#update(update)}</div>
      <div role="status">
        ${toasts.map(
          ({ id, message, tone }) => html`<div class="toast ${tone}">
            <p>${message}</p>
            <button type="button" class="bare" aria-label="Close this message" @click=${() => this.app.unsay(id)}>${icons.close}</button>
          </div>`,
        )}
      </div>`;
  }

  #update(update: "ready" | "taken"): TemplateResult {
    const words =
      update === "ready"
        ? "A new version is here, fetched and checked. Your work is kept."
        : "Another tab switched to a new version. This one goes on as it is; reload when it suits you.";
    return html`<div class="toast">
      <p>${words}</p>
      <button type="button" class="primary" @click=${() => void this.app.update()}>Reload</button>
      <button type="button" class="bare" aria-label="Later" @click=${() => this.app.store.set({ update: "none" })}>${icons.close}</button>
    </div>`;
  }
}

customElements.define("page-toasts", PageToasts);
