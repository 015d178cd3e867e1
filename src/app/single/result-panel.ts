// The answer, drawn by <mner-qg>; below it how long it took, and the ways to take it along.
import { css, html, nothing, type TemplateResult } from "lit";
import type { ErrorDetail, ResultDetail } from "../../element/events.js";
import type { MnerQg } from "../../element/mner-qg.js";
import { findExample } from "../examples/examples.js";
import { modelAddress } from "../model-address.js";
import { PagePart } from "../shell/page-part.js";
import type { AppState } from "../state/state.js";
import { controls } from "../styles/controls.js";
import "./save-menu.js";
import "./stage-times.js";

/** All that makes the element read anew. */
const asked = ["askedText", "photo", "queries", "threshold", "nested", "backend", "stored"] as const;

export class ResultPanel extends PagePart {
  #before: readonly unknown[] = [];
  protected readonly reads: readonly (keyof AppState)[] = [...asked, "result", "running"];

  static override styles = [
    controls,
    css`
      section {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 1rem;
      }
      mner-qg {
        font-size: 1.0625rem;
        --mner-qg-photo-max-height: min(62vh, 44rem);
      }
      .credit {
        display: block;
        font-size: 0.8125rem;
        color: var(--soft);
      }
      .below {
        display: flex;
        flex-wrap: wrap;
        align-items: start;
        justify-content: space-between;
        gap: 1rem;
        padding-block-start: 1rem;
        border-block-start: 1px solid var(--line);
      }
      stage-times {
        flex: 1 1 24rem;
      }
      .hint {
        display: grid;
        place-content: center;
        min-block-size: 16rem;
        text-align: center;
        color: var(--soft);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.updateComplete.then(() => {
      this.app.element = this.renderRoot.querySelector<MnerQg>("mner-qg");
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.app.element = null;
  }

  protected override render(): TemplateResult {
    const { askedText, photo, queries, threshold, nested, backend, stored, result, running } = this.state;
    const empty = askedText.trim() === "" && !photo;
    const credit = photo?.kind === "example" ? findExample(photo.example)?.credit : undefined;
    return html`<section class="card" aria-labelledby="heading">
      <h2 id="heading" class="quiet">What was found</h2>
      ${empty ? html`<p class="hint">What is found will stand here.</p>` : nothing}
      ${photo && askedText.trim() === "" ? html`<p class="soft">Now add the words of the tweet.</p>` : nothing}
      <mner-qg
        ?hidden=${empty}
        loading="eager"
        .model=${modelAddress()}
        .text=${askedText}
        .src=${photo?.kind === "example" ? photo.url : null}
        .image=${photo?.kind === "own" ? photo.blob : null}
        .alt=${photo?.kind === "example" ? photo.alt : photo ? `Your photo ${photo.name}` : null}
        .queries=${queries}
        .threshold=${threshold}
        .nested=${nested}
        .backend=${backend}
        .results=${stored}
        @mner-result=${this.#finished}
        @mner-error=${this.#failed}
        >${credit ? html`<span slot="credit" class="credit">Photo: ${credit}</span>` : nothing}</mner-qg
      >
      ${
        result
          ? html`<div class="below">
              <stage-times .result=${result} .stored=${stored !== null} .running=${running} .run=${this.#run}></stage-times>
              <save-menu .app=${this.app}></save-menu>
            </div>`
          : nothing
      }
    </section>`;
  }

  protected override updated(): void {
    const now = asked.map((key) => this.state[key]);
    const isNew = now.some((value, index) => value !== this.#before[index]);
    this.#before = now;
    // The element starts by itself when it is asked something new; the page only has to know that it did.
    if (isNew && !this.state.stored && this.state.askedText.trim() !== "") this.app.started();
  }

  readonly #run = (): void => this.app.run();

  readonly #finished = (event: CustomEvent<ResultDetail>): void => {
    this.app.ended(event.detail.result);
    this.#bringIntoView();
  };

  /** On a phone the answer stands below what was asked. */
  #bringIntoView(): void {
    if (!this.app.wantsAnswer) return;
    this.app.wantsAnswer = false;
    if (!matchMedia("(max-width: 59.99rem)").matches) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  }

  readonly #failed = (event: CustomEvent<ErrorDetail>): void => {
    if (event.detail.error.code !== "aborted") this.app.ended(null);
  };
}

customElements.define("result-panel", ResultPanel);
