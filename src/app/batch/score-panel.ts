// How right the answers are, where gold labels say so: per type, and what was taken for what.
import { css, html, LitElement, type TemplateResult } from "lit";
import { setStyle } from "../../element/set-style.js";
import { en } from "../../element/strings/en.js";
import type { Score } from "../../metrics/index.js";
import { count } from "../shell/figures.js";
import { controls } from "../styles/controls.js";
import type { BatchScores } from "./batch-scores.js";

const rate = (value: number): string => value.toFixed(2);
const nameOf = (type: string): string => en.types[type] ?? type;

export class ScorePanel extends LitElement {
  static override properties = { scores: { attribute: false }, running: { type: Boolean } };
  declare scores: BatchScores;
  declare running: boolean;

  static override styles = [
    controls,
    css`
      .tables {
        display: flex;
        flex-wrap: wrap;
        gap: 1.5rem 3rem;
        margin-block-start: 1rem;
      }
      .frame {
        position: relative;
        overflow-x: auto;
        max-inline-size: 100%;
      }
      table {
        border-collapse: collapse;
        font-size: 0.875rem;
        font-variant-numeric: tabular-nums;
      }
      caption {
        padding-block-end: 0.4rem;
        text-align: start;
        font-weight: 600;
      }
      /* Stays in sight, and is as wide as what is in sight, however far a table is scrolled. */
      caption span {
        display: inline-block;
        position: sticky;
        inset-inline-start: 0;
        max-inline-size: calc(100vw - 5rem);
      }
      th,
      td {
        padding: 0.3rem 0.7rem;
        text-align: end;
        border-block-end: 1px solid var(--line);
      }
      th {
        font-weight: 500;
        color: var(--soft);
      }
      th[scope="row"] {
        text-align: start;
      }
      .sum > * {
        font-weight: 650;
        color: var(--ink);
      }
      .cell {
        background: color-mix(in srgb, var(--tone) calc(var(--share) * 45%), transparent);
      }
      .right {
        --tone: #2a9d5c;
      }
      .wrong {
        --tone: #d4642c;
      }
      @media (max-width: 44rem) {
        th,
        td {
          padding-inline: 0.35rem;
          font-size: 0.8125rem;
        }
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { scores } = this;
    return html`<section class="card" aria-labelledby="heading">
      <h2 id="heading">Against the gold labels</h2>
      <p class="small soft">
        ${count(scores.tweets, "tweet")}${this.running ? " so far" : ""}. Names: strict F1 ${rate(scores.ner.strict.f1)}, lenient F1
        ${rate(scores.ner.lenient.f1)}. Which types a tweet names: F1 ${rate(scores.existence.f1)}. Calibration error
        ${scores.calibrationError.toFixed(4)}.
      </p>
      <div class="tables">${this.#rates()}${this.#confusion()}</div>
    </section>`;
  }

  #rates(): TemplateResult {
    const { types, ner } = this.scores;
    const row = (name: string, score: Score, sum: boolean): TemplateResult => html`<tr class=${sum ? "sum" : ""}>
      <th scope="row">${name}</th>
      ${[score.precision, score.recall, score.f1].map((value) => html`<td>${rate(value)}</td>`)}
      <td>${score.gold}</td>
      <td>${score.predicted}</td>
    </tr>`;
    return html`<div class="frame" role="region" aria-label="Scores by type" tabindex="0">
      <table>
        <caption>
          <span>Names, strict, in percent</span>
        </caption>
        <thead>
          <tr>
            <td></td>
            ${["Precision", "Recall", "F1", "Gold", "Found"].map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${types.map((type) => row(nameOf(type), ner.strict.perType[type]!, false))} ${row("All", ner.strict, true)}
        </tbody>
      </table>
    </div>`;
  }

  #confusion(): TemplateResult {
    const { types, confusion } = this.scores;
    const most = Math.max(1, ...confusion.flat());
    const names = [...types.map(nameOf), "no name"];
    return html`<div class="frame" role="region" aria-label="What was taken for what" tabindex="0">
      <table>
        <caption>
          <span>What is (rows) and what was found (columns)</span>
        </caption>
        <thead>
          <tr>
            <td></td>
            ${names.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${confusion.map(
            (cells, row) => html`<tr>
              <th scope="row">${names[row]}</th>
              ${cells.map((value, column) =>
                row === types.length && column === types.length
                  ? html`<td>–</td>`
                  : html`<td class="cell ${row === column ? "right" : "wrong"}" ${setStyle({ "--share": String(Math.sqrt(value / most)) })}>${value}</td>`,
              )}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }
}

customElements.define("score-panel", ScorePanel);
