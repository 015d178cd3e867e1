// The table: a page of rows at a time, to be sorted, filtered, and opened one by one.
import { css, html, LitElement, nothing, type TemplateResult, unsafeCSS } from "lit";
import { inkSheet } from "../../element/palette.js";
import { count, percent } from "../shell/figures.js";
import { controls } from "../styles/controls.js";
import { type BatchRow, leastScore } from "./batch-row.js";
import "../photo-thumb.js";
import { markedText } from "./marked-text.js";
import {
  type Filter,
  filters,
  firstOrder,
  inPhoto,
  mistakesOf,
  orderRows,
  type SortKey,
  type TableOrder,
} from "./table-order.js";

const PAGE = 25;

const statusWords: Readonly<Record<BatchRow["status"], string>> = {
  waiting: "Waiting",
  running: "Reading…",
  done: "Read",
  failed: "Not read",
  broken: "No tweet",
};

const photoWords: Partial<Readonly<Record<BatchRow["photo"], string>>> = {
  missing: "photo not in the folder",
  unreadable: "photo cannot be opened",
};

export class BatchTable extends LitElement {
  static override properties = {
    rows: { attribute: false },
    gold: { type: Boolean },
    photoOf: { attribute: false },
    order: { state: true },
    page: { state: true },
    opened: { state: true },
  };
  declare rows: readonly BatchRow[];
  declare gold: boolean;
  declare photoOf: (row: BatchRow) => File | null;
  declare order: TableOrder;
  declare page: number;
  /** Index of the row that is shown in full. */
  declare opened: number | null;
  #ordered: readonly BatchRow[] = [];

  static override styles = [
    controls,
    css`
      ${unsafeCSS(inkSheet)}
      .head {
        margin-block-end: 0.75rem;
      }
      .head .row {
        flex-wrap: nowrap;
        max-inline-size: 100%;
      }
      .head label {
        flex: none;
      }
      .head select {
        flex: 0 1 auto;
        inline-size: auto;
        min-inline-size: 0;
      }
      .frame {
        position: relative;
        overflow-x: auto;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--card);
      }
      table {
        inline-size: 100%;
        border-collapse: collapse;
        font-size: 0.9375rem;
      }
      th,
      td {
        padding: 0.6rem 0.75rem;
        text-align: start;
        vertical-align: top;
        border-block-end: 1px solid var(--line);
      }
      tbody tr:last-child > * {
        border-block-end: 0;
      }
      th {
        padding-block: 0.25rem;
        font-size: 0.8125rem;
        font-weight: 600;
        white-space: nowrap;
        vertical-align: middle;
        color: var(--soft);
        background: var(--sunken);
      }
      th button {
        min-block-size: 1.9rem;
        padding: 0 0.4em;
        margin-inline: -0.4em;
        font-size: inherit;
        font-weight: inherit;
      }
      .figure {
        inline-size: 1%;
        text-align: end;
        white-space: nowrap;
        font-variant-numeric: tabular-nums;
      }
      .photo {
        inline-size: 3.5rem;
        padding-inline-end: 0;
      }
      .words {
        min-inline-size: 15rem;
        overflow-wrap: anywhere;
        line-height: 1.6;
      }
      .words mark {
        position: relative;
        padding-inline-start: 0.9em;
        color: inherit;
        background: color-mix(in srgb, var(--c) 12%, transparent);
        border-block-end: 2px solid var(--c);
        border-radius: 3px 3px 0 0;
      }
      /* In the padding of the name, so that no line ends between the two. */
      .glyph {
        position: absolute;
        inset-block-start: 0.35em;
        inset-inline-start: 0.15em;
        inline-size: 0.6em;
        block-size: 0.6em;
        fill: var(--c);
      }
      .status {
        white-space: nowrap;
      }
      .note {
        max-inline-size: 16rem;
        white-space: normal;
        font-size: 0.8125rem;
      }
      .opened td {
        padding: 1rem;
        background: var(--paper);
      }
      .foot {
        justify-content: center;
        margin-block-start: 0.75rem;
      }
      /* On a phone each row becomes a block: its figures in one line, its photo and words below. Roles in the markup keep it
         a table. */
      @media (max-width: 44rem) {
        table,
        thead,
        tbody {
          display: block;
        }
        tr {
          display: flex;
          flex-wrap: wrap;
          align-items: center;
          gap: 0.4rem 0.75rem;
          padding: 0.75rem;
          border-block-end: 1px solid var(--line);
        }
        thead tr {
          padding-block: 0.3rem;
          background: var(--sunken);
        }
        th,
        td,
        .figure,
        .photo,
        tbody tr:last-child > * {
          inline-size: auto;
          padding: 0;
          border: 0;
          background: none;
        }
        .plain,
        .optional,
        td:empty {
          display: none;
        }
        td.figure::before {
          content: attr(data-name) " ";
          font-size: 0.8125rem;
          color: var(--soft);
        }
        .status {
          margin-inline-start: auto;
          text-align: end;
        }
        tr[data-row]::after {
          content: "";
          order: 1;
          inline-size: 100%;
        }
        .photo,
        .words {
          order: 2;
          align-self: start;
        }
        .words {
          flex: 1;
          min-inline-size: 0;
        }
        .opened td {
          inline-size: 100%;
          min-inline-size: 0;
          padding: 0;
        }
      }
    `,
  ];

  constructor() {
    super();
    this.rows = [];
    this.gold = false;
    this.photoOf = () => null;
    this.order = firstOrder;
    this.page = 0;
    this.opened = null;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has("rows") && !changed.has("order")) return;
    this.#ordered = orderRows(this.rows, this.order);
    this.page = Math.min(this.page, Math.max(0, Math.ceil(this.#ordered.length / PAGE) - 1));
  }

  protected override render(): TemplateResult {
    const shown = this.#ordered.slice(this.page * PAGE, (this.page + 1) * PAGE);
    return html`<div class="row spread head">
        <div class="row">
          <label for="filter">Show</label>
          <select id="filter" @change=${this.#filter}>
            ${(Object.entries(filters) as [Filter, string][])
              .filter(([filter]) => filter !== "wrong" || this.gold)
              .map(
                ([filter, name]) =>
                  html`<option value=${filter} ?selected=${filter === this.order.filter}>${name}</option>`,
              )}
          </select>
        </div>
        <span class="small soft" role="status">${count(this.#ordered.length, "tweet")}</span>
      </div>
      <div class="frame" role="region" aria-label="Tweets and what was found" tabindex="0">
        <table role="table">
          <thead role="rowgroup">
            <tr role="row">
              ${this.#header("index", "Line")}
              <th scope="col" role="columnheader" class="photo plain"><span class="quiet">Photo</span></th>
              <th scope="col" role="columnheader" class="plain">Tweet</th>
              ${this.#header("names", "Names", "figure")} ${this.#header("score", "Least sure", "figure optional")}
              ${this.gold ? this.#header("mistakes", "Mistakes", "figure") : nothing}
              ${this.#header("photo", "In photo", "figure")}
              <th scope="col" role="columnheader" class="plain">State</th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            ${shown.map((row) => this.#row(row))}
            ${shown.length === 0 ? html`<tr role="row"><td role="cell" colspan="8" class="soft">No tweet is like that.</td></tr>` : nothing}
          </tbody>
        </table>
      </div>
      ${this.#foot()}`;
  }

  #header(key: SortKey, name: string, kind = ""): TemplateResult {
    const { order } = this;
    const sorted = order.key === key ? (order.descending ? "descending" : "ascending") : nothing;
    return html`<th scope="col" role="columnheader" class=${kind} aria-sort=${sorted}>
      <button type="button" class="bare" @click=${() => this.#sort(key)}>
        ${name}<span aria-hidden="true">${sorted === nothing ? "" : order.descending ? "↓" : "↑"}</span>
      </button>
    </th>`;
  }

  #row(row: BatchRow): TemplateResult {
    const { record, result, status, thumbnail, failure } = row;
    const isOpen = this.opened === row.index;
    const note = failure?.message ?? row.photoTrouble ?? photoWords[row.photo];
    return html`<tr role="row" data-row=${row.index}>
        ${figure("Line", record.line)}
        <td role="cell" class="photo">${thumbnail ? html`<photo-thumb .blob=${thumbnail}></photo-thumb>` : nothing}</td>
        <td role="cell" class="words" dir="auto">${
          record.tweet
            ? markedText(record.tweet.text, result?.entities ?? [])
            : html`<i class="soft">nothing to read</i>`
        }</td>
        ${figure("Names", result?.entities.length ?? "")}
        ${figure("Least sure", result?.entities.length ? percent(leastScore(row)) : "", "optional")}
        ${this.gold ? figure("Mistakes", result && record.tweet?.tags ? mistakesOf(row) : "") : nothing}
        ${figure("In photo", row.result?.image ? inPhoto(row) : "")}
        <td role="cell" class="status">
          ${
            result
              ? html`<button type="button" aria-expanded=${isOpen} @click=${() => this.#open(row)}>
                  ${isOpen ? "Close" : "Look"}<span class="quiet"> at line ${record.line}</span>
                </button>`
              : html`<span class=${status === "failed" || status === "broken" ? "bad" : "soft"}>${statusWords[status]}</span>`
          }
          ${note ? html`<p class="note soft">${note}</p>` : nothing}
        </td>
      </tr>
      ${isOpen && result ? this.#opened(row) : nothing}`;
  }

  #opened(row: BatchRow): TemplateResult {
    // Without its file there is no photo to draw boxes on; the names stand all the same.
    const photo = this.photoOf(row);
    return html`<tr role="row" class="opened">
      <td role="cell" colspan="8"><mner-qg .results=${row.result} .image=${photo} alt="Photo of the tweet"></mner-qg></td>
    </tr>`;
  }

  #foot(): TemplateResult | typeof nothing {
    const pages = Math.ceil(this.#ordered.length / PAGE);
    if (pages <= 1) return nothing;
    const go = (page: number) => () => {
      this.page = page;
    };
    return html`<div class="row foot">
      <button type="button" ?disabled=${this.page === 0} @click=${go(this.page - 1)}>Back</button>
      <span class="small soft">Page ${this.page + 1} of ${pages}</span>
      <button type="button" ?disabled=${this.page >= pages - 1} @click=${go(this.page + 1)}>Next</button>
    </div>`;
  }

  #sort(key: SortKey): void {
    const { order } = this;
    this.order = { ...order, key, descending: order.key === key && !order.descending };
  }

  readonly #filter = (event: Event): void => {
    this.order = { ...this.order, filter: (event.target as HTMLSelectElement).value as Filter };
    this.page = 0;
  };

  #open(row: BatchRow): void {
    this.opened = this.opened === row.index ? null : row.index;
  }
}

function figure(name: string, value: string | number, kind = ""): TemplateResult {
  return html`<td role="cell" class="figure ${kind}" data-name=${name}>${value}</td>`;
}

customElements.define("batch-table", BatchTable);
