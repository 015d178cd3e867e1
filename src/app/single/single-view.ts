// One tweet: what goes in on the left, what was found on the right; one below the other where there is no room.
import { css, html, type TemplateResult } from "lit";
import { PagePart } from "../shell/page-part.js";
import type { AppState } from "../state/state.js";
import { controls } from "../styles/controls.js";
import "./example-strip.js";
import "./fine-tuning.js";
import "./query-editor.js";
import "./result-panel.js";
import "./tweet-composer.js";

export class SingleView extends PagePart {
  protected readonly reads: readonly (keyof AppState)[] = [];

  static override styles = [
    controls,
    css`
      .intro {
        padding-block: clamp(0.25rem, 1.5vw, 1.25rem) clamp(0.875rem, 2vw, 1.5rem);
      }
      h1 {
        font-size: clamp(1.25rem, 0.9rem + 1.6vw, 2rem);
        font-weight: 650;
        line-height: 1.2;
        letter-spacing: -0.015em;
        text-wrap: balance;
      }
      .intro p {
        margin-block-start: 0.4rem;
        color: var(--soft);
      }
      .columns {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--gap);
        align-items: start;
      }
      .input {
        display: grid;
        gap: var(--gap);
        min-inline-size: 0;
      }
      @media (min-width: 60rem) {
        .columns {
          grid-template-columns: minmax(20rem, 5fr) minmax(0, 11fr);
        }
      }
      /* On a phone the answer comes before the fine tuning. */
      @media (max-width: 59.99rem) {
        .input {
          display: contents;
        }
        query-editor,
        fine-tuning {
          order: 1;
        }
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { app } = this;
    return html`<div class="intro">
        <h1>Who and what is this tweet about, and where in the photo?</h1>
        <p>Drop in a tweet and its photo. Everything is worked out in your browser; nothing is uploaded.</p>
      </div>
      <div class="columns">
        <div class="input">
          <tweet-composer .app=${app}></tweet-composer>
          <query-editor .app=${app}></query-editor>
          <fine-tuning .app=${app}></fine-tuning>
        </div>
        <result-panel .app=${app}></result-panel>
      </div>`;
  }
}

customElements.define("single-view", SingleView);
