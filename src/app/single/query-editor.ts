// Own questions besides the model's four: reading comprehension needs no training for a new type, only words for it.
import { css, html, nothing, type TemplateResult } from "lit";
import type { Query } from "../../engine/analyzer.js";
import { PagePart } from "../shell/page-part.js";
import { MOST_LABEL, MOST_QUERIES, MOST_QUESTION } from "../state/share-link.js";
import type { AppState } from "../state/state.js";
import { controls } from "../styles/controls.js";
import { icons } from "../styles/icons.js";

/** To begin with: labels, and words in the form of the model's own questions, which it answers best (docs/questions.md). */
const suggestions: readonly Query[] = [
  { label: "Cat", query: "cat: names of cats" },
  { label: "Team", query: "team: names of sports teams" },
  { label: "Film", query: "film: names of films" },
  { label: "Vehicle", query: "vehicle: names of cars, ships and planes" },
];

/** Own words without a head get the label for one: "names of cats" becomes "cat: names of cats". */
const withHead = ({ label, query }: Query): Query =>
  query.includes(":") || query.endsWith("?") ? { label, query } : { label, query: `${label.toLowerCase()}: ${query}` };

export class QueryEditor extends PagePart {
  static override properties = {
    label: { state: true },
    query: { state: true },
    problem: { state: true },
    writing: { state: true },
  };
  declare label: string;
  declare query: string;
  declare problem: string | null;
  /** Whether the form for an own question is open. */
  declare writing: boolean;
  protected readonly reads: readonly (keyof AppState)[] = ["queries", "model"];

  static override styles = [
    controls,
    css`
      .field,
      form {
        display: grid;
        gap: 0.6rem;
      }
      ul {
        display: grid;
        gap: 0.35rem;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        padding: 0.15rem 0.15rem 0.15rem 0.75rem;
        border-radius: 10px;
        font-size: 0.875rem;
        background: var(--sunken);
      }
      li span {
        flex: 1;
        min-inline-size: 0;
        overflow-wrap: anywhere;
      }
      form {
        grid-template-columns: minmax(0, 1fr) auto;
      }
      form input:first-child,
      form p {
        grid-column: 1 / -1;
      }
      .chips button {
        min-block-size: 2rem;
        padding-inline: 0.7em;
        font-size: 0.875rem;
      }
    `,
  ];

  constructor() {
    super();
    this.label = "";
    this.query = "";
    this.problem = null;
    this.writing = false;
  }

  protected override render(): TemplateResult {
    const { queries } = this.state;
    const unused = suggestions.filter(({ label }) => !queries.some((other) => other.label === label));
    const more = queries.length < MOST_QUERIES;
    return html`<section class="card field" aria-labelledby="heading">
      <h2 id="heading">Look for something else, too</h2>
      ${queries.length > 0 ? html`<ul aria-labelledby="heading">${queries.map((query) => this.#item(query))}</ul>` : nothing}
      ${
        more
          ? html`<div class="row chips">
              ${unused.map(
                (query) =>
                  html`<button type="button" @click=${() => this.#add(query)}>${icons.plus}${query.label}</button>`,
              )}
              <button type="button" aria-expanded=${this.writing} @click=${this.#write}>${icons.plus}Your own</button>
            </div>`
          : html`<p class="small soft">Eight questions are the most.</p>`
      }
      ${more && this.writing ? this.#form() : nothing}
    </section>`;
  }

  #item(query: Query): TemplateResult {
    return html`<li>
      <span><b><bdi>${query.label}</bdi></b>: <bdi>${query.query}</bdi></span>
      <button type="button" class="bare" aria-label=${`Remove ${query.label}`} @click=${() => this.#remove(query)}>${icons.close}</button>
    </li>`;
  }

  #form(): TemplateResult {
    const { problem } = this;
    return html`<form @submit=${this.#submit} novalidate>
      <input
        aria-label="Name of the type"
        placeholder="Dog"
        maxlength=${MOST_LABEL}
        .value=${this.label}
        aria-invalid=${problem !== null}
        aria-describedby=${problem ? "problem" : nothing}
        @input=${(event: Event) => (this.label = (event.target as HTMLInputElement).value)}
      />
      <input
        aria-label="What to look for"
        placeholder="names of dogs"
        maxlength=${MOST_QUESTION}
        .value=${this.query}
        @input=${(event: Event) => (this.query = (event.target as HTMLInputElement).value)}
      />
      <button type="submit">Add</button>
      ${problem ? html`<p id="problem" class="small bad" role="alert">${problem}</p>` : nothing}
    </form>`;
  }

  readonly #write = (): void => {
    this.writing = !this.writing;
    if (this.writing) void this.updateComplete.then(() => this.renderRoot.querySelector("input")?.focus());
  };

  readonly #submit = (event: Event): void => {
    event.preventDefault();
    const { label, query } = { label: this.label.trim(), query: this.query.trim() };
    this.#add(query ? withHead({ label, query }) : { label, query });
  };

  #add(query: Query): void {
    this.problem = this.#whyNot(query);
    if (this.problem !== null) return;
    this.label = this.query = "";
    this.app.setQueries([...this.state.queries, query]);
  }

  #whyNot({ label, query }: Query): string | null {
    if (label === "" || query === "") return "Give the type a name, and say in a few words what to look for.";
    if (label.includes(":")) return "Leave the colon out of the name.";
    const { queries, model } = this.state;
    const taken = [...queries, ...(model.kind === "ready" ? model.queries : [])].some((other) => other.label === label);
    return taken ? `There is a type called “${label}” already. Choose another name.` : null;
  }

  #remove(query: Query): void {
    this.app.setQueries(this.state.queries.filter((other) => other !== query));
  }
}

customElements.define("query-editor", QueryEditor);
