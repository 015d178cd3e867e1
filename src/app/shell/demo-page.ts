// The frame of the page: header, one of the two views, footer, and what may lie over it.
import { css, html, nothing, type TemplateResult } from "lit";
import type { App } from "../app.js";
import { sharedPart, writeFragment } from "../state/share-link.js";
import type { AppState, View } from "../state/state.js";
import { controls } from "../styles/controls.js";
import { icons } from "../styles/icons.js";
import "../single/single-view.js";
import "./model-status.js";
import "./page-foot.js";
import "./page-toasts.js";
import { PagePart } from "./page-part.js";
import { followTheme, nextTheme, themeNames } from "./theme.js";

const views: readonly { readonly view: View; readonly name: string }[] = [
  { view: "single", name: "One tweet" },
  { view: "batch", name: "Many tweets" },
  { view: "compare", name: "Compare" },
];

export class DemoPage extends PagePart {
  protected readonly reads: readonly (keyof AppState)[] = ["view", "theme", "hovering"];
  readonly #loaded = new Set<View>();

  static override styles = [
    controls,
    css`
      .frame {
        display: flex;
        flex-direction: column;
        min-block-size: 100vh;
        max-inline-size: 80rem;
        margin-inline: auto;
        padding-inline: clamp(0.875rem, 3vw, 2rem);
      }
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem 1.25rem;
        padding-block: 0.875rem;
      }
      .brand {
        display: flex;
        align-items: center;
        gap: 0.6rem;
        margin-inline-end: auto;
        font-weight: 700;
        letter-spacing: 0.01em;
      }
      .brand svg {
        inline-size: 1.9rem;
        block-size: 1.9rem;
      }
      nav {
        display: flex;
        padding: 3px;
        border-radius: 999px;
        background: var(--sunken);
      }
      nav a {
        padding: 0.3em 0.95em;
        border-radius: 999px;
        font-size: 0.9375rem;
        font-weight: 500;
        line-height: 1.6;
        text-decoration: none;
        color: var(--soft);
      }
      nav a[aria-current] {
        color: var(--ink);
        background: var(--card);
        box-shadow: 0 0 0 1px var(--line);
      }
      main {
        flex: 1;
        outline: none;
      }
      .skip {
        position: absolute;
        inset-block-start: 0.5rem;
        inset-inline-start: 0.5rem;
        z-index: 3;
        transform: translateY(-200%);
      }
      .skip:focus {
        transform: none;
      }
      .veil {
        position: fixed;
        inset: 0;
        z-index: 2;
        display: grid;
        place-content: center;
        gap: 0.25rem;
        padding: 2rem;
        text-align: center;
        font-size: 1.25rem;
        font-weight: 600;
        background: color-mix(in srgb, var(--paper) 88%, transparent);
        outline: 3px dashed var(--ink);
        outline-offset: -1.25rem;
        pointer-events: none;
      }
      model-status {
        min-inline-size: 12rem;
      }
      @media (max-width: 47.99rem) {
        header {
          gap: 0.5rem;
        }
        model-status {
          order: 5;
          inline-size: 100%;
        }
      }
      @media (max-width: 30rem) {
        .brand span {
          display: none;
        }
        nav a {
          padding-inline: 0.75em;
        }
      }
    `,
  ];

  /** Hands the app to the tag that stands in the page. */
  static open(app: App, page: DemoPage): void {
    page.app = app;
    followTheme(app);
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    super.willUpdate(changed);
    const { view } = this.state;
    if (view !== "single") this.#load(view);
  }

  protected override render(): TemplateResult {
    const { app } = this;
    const { view, theme, hovering } = this.state;
    const next = nextTheme(theme);
    return html`<div class="frame">
        <header>
          <button type="button" class="skip" @click=${this.#skip}>Skip to the page</button>
          <div class="brand">${mark}<span>MNER-QG</span></div>
          <nav aria-label="View">
            ${views.map(
              ({ view: other, name }) => html`<a
                href=${`#${writeFragment({ ...sharedPart(this.state), view: other })}`}
                aria-current=${other === view ? "page" : nothing}
                @click=${(event: Event) => this.#go(event, other)}
                >${name}</a
              >`,
            )}
          </nav>
          <model-status .app=${app}></model-status>
          <button
            type="button"
            class="bare"
            aria-label=${`Colours: ${themeNames[theme]}. Change to ${themeNames[next]}.`}
            @click=${() => app.setTheme(next)}
          >
            ${icons[theme]}
          </button>
        </header>
        <main id="main" tabindex="-1">
          <single-view .app=${app} ?hidden=${view !== "single"}></single-view>
          ${this.#loaded.has("batch") ? html`<batch-view .app=${app} ?hidden=${view !== "batch"}></batch-view>` : nothing}
          ${this.#loaded.has("compare") ? html`<compare-view .app=${app} ?hidden=${view !== "compare"}></compare-view>` : nothing}
        </main>
        <page-foot .app=${app}></page-foot>
      </div>
      <page-toasts .app=${app}></page-toasts>
      ${
        hovering
          ? html`<div class="veil"><p>Drop it anywhere</p><p class="soft small">a photo, a tweet, a file of tweets or a folder of photos</p></div>`
          : nothing
      }`;
  }

  #go(event: Event, view: View): void {
    event.preventDefault();
    this.app.setView(view);
  }

  #skip(): void {
    this.renderRoot.querySelector<HTMLElement>("main")?.focus();
  }

  /** Most visitors never open them, so they come when they are wanted. */
  #load(view: "batch" | "compare"): void {
    if (this.#loaded.has(view)) return;
    const script: Promise<unknown> =
      view === "batch" ? import("../batch/batch-view.js") : import("../compare/compare-view.js");
    script.then(
      () => {
        this.#loaded.add(view);
        this.requestUpdate();
      },
      () => this.app.say("This part of the page could not be loaded. Reload the page with a network.", "trouble"),
    );
  }
}

/** The sign of the project: four corners look for what the words name. */
const mark = html`<svg viewBox="0 0 48 48" aria-hidden="true" fill="none" stroke-width="5" stroke-linecap="round">
  <path d="M6 16V8a2 2 0 0 1 2-2h8" stroke="#d4642c"></path>
  <path d="M32 6h8a2 2 0 0 1 2 2v8" stroke="#128a84"></path>
  <path d="M42 32v8a2 2 0 0 1-2 2h-8" stroke="#4a86ee"></path>
  <path d="M16 42H8a2 2 0 0 1-2-2v-8" stroke="#9357c4"></path>
  <path d="M15 20h18M15 29h11" stroke="currentColor"></path>
</svg>`;

customElements.define("demo-page", DemoPage);

declare global {
  interface HTMLElementTagNameMap {
    "demo-page": DemoPage;
  }
}
