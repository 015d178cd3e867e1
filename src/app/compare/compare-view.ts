// Several systems on one tweet and photo: what each found, where they agree word by word, where each sees it, and how long
// each took.
import { css, html, nothing, type TemplateResult, unsafeCSS } from "lit";
import { type MnerError, toMnerError } from "../../core/mner-error.js";
import type { AnalysisResult } from "../../core/results.js";
import { inkSheet } from "../../element/palette.js";
import { setStyle } from "../../element/set-style.js";
import { en } from "../../element/strings/en.js";
import { glyph, styleOf } from "../../element/type-style.js";
import { saveFile } from "../save-file.js";
import { milliseconds } from "../shell/figures.js";
import { PagePart } from "../shell/page-part.js";
import type { AppState } from "../state/state.js";
import { controls } from "../styles/controls.js";
import { icons } from "../styles/icons.js";
import "../single/tweet-composer.js";
import { compareWords } from "./agreement.js";
import { availableSystems, type KnownSystem, openSystem, titleOf } from "./systems.js";

interface Answer {
  readonly system: string;
  readonly result: AnalysisResult | null;
  readonly error: MnerError | null;
}

const MOST = 8;

export class CompareView extends PagePart {
  static override properties = { available: { state: true }, answers: { state: true }, busy: { state: true } };
  declare available: readonly KnownSystem[];
  declare answers: readonly Answer[];
  /** The system that is being asked. */
  declare busy: string | null;
  protected readonly reads: readonly (keyof AppState)[] = ["text", "photo", "systems", "backend"];
  #abort: AbortController | null = null;
  #askedText = "";

  static override styles = [
    controls,
    css`
      ${unsafeCSS(inkSheet)}
      .all,
      .work {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--gap);
      }
      .all {
        padding-block-start: clamp(0.25rem, 1.5vw, 1.25rem);
      }
      h1 {
        font-size: clamp(1.25rem, 0.9rem + 1.6vw, 2rem);
        font-weight: 650;
        line-height: 1.2;
      }
      fieldset {
        display: flex;
        flex-wrap: wrap;
        gap: 0.4rem 1.1rem;
        margin: 0;
        padding: 0;
        border: 0;
      }
      legend {
        padding: 0;
        margin-block-end: 0.35rem;
        font-weight: 500;
      }
      .answers {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
        gap: var(--gap);
      }
      .frame {
        position: relative;
        overflow-x: auto;
      }
      table {
        inline-size: 100%;
        border-collapse: collapse;
        font-size: 0.9375rem;
      }
      th,
      td {
        padding: 0.35rem 0.7rem;
        text-align: start;
        border-block-end: 1px solid var(--line);
        white-space: nowrap;
      }
      thead th {
        color: var(--soft);
      }
      tr.differs > * {
        background: color-mix(in srgb, #d4642c 13%, transparent);
      }
      .glyph {
        inline-size: 0.7em;
        block-size: 0.7em;
        margin-inline-end: 0.4em;
        fill: var(--c);
      }
      mner-qg {
        margin-block-start: 0.5rem;
      }
    `,
  ];

  constructor() {
    super();
    this.available = [];
    this.answers = [];
    this.busy = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.available.length > 0) return;
    void availableSystems().then((available) => {
      this.available = available;
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#abort?.abort();
  }

  protected override render(): TemplateResult {
    const { available, busy } = this;
    const chosen = this.#chosen();
    return html`<div class="all">
      <div>
        <h1>Several systems, side by side</h1>
        <p class="soft">The same tweet and photo for each. Everything runs on this device.</p>
      </div>
      <tweet-composer .app=${this.app} plain></tweet-composer>
      <section class="card work" aria-labelledby="which">
        <fieldset>
          <legend id="which">Systems</legend>
          ${available.map(
            ({ name, title }) => html`<label
              ><input
                type="checkbox"
                .checked=${chosen.includes(name)}
                ?disabled=${!chosen.includes(name) && chosen.length >= MOST}
                @change=${() => this.#toggle(name)}
              />
              ${title}</label
            >`,
          )}
        </fieldset>
        ${
          available.length === 1
            ? html`<p class="small soft">This build brings one system. Others are listed once their folders lie in <code>models/systems/</code>.</p>`
            : nothing
        }
        <div class="row">
          <button type="button" class="primary" ?disabled=${!busy && (chosen.length === 0 || !this.state.text.trim())} @click=${busy ? this.#stop : this.#run}>
            ${busy ? icons.stop : icons.play}${busy ? "Stop" : "Compare"}
          </button>
          <span class="small soft" role="status">${busy ? `Asking ${titleOf(busy)}…` : this.#verdict()}</span>
        </div>
      </section>
      ${this.answers.length > 0 ? this.#results() : nothing}
    </div>`;
  }

  #chosen(): readonly string[] {
    const there = this.available.map(({ name }) => name);
    const wanted = this.state.systems.filter((name) => there.includes(name));
    return wanted.length > 0 ? wanted : there.slice(0, MOST);
  }

  #done(): { readonly system: string; readonly result: AnalysisResult }[] {
    return this.answers.flatMap(({ system, result }) => (result ? [{ system, result }] : []));
  }

  #verdict(): string {
    const done = this.#done();
    if (done.length < 2) return "";
    const words = compareWords(
      this.#askedText,
      done.map(({ result }) => result),
    );
    const agreed = words.filter((word) => word.agreed).length;
    return words.length === 0
      ? "None of them finds a name."
      : `They agree on ${agreed} of ${words.length} words in names.`;
  }

  #results(): TemplateResult {
    const done = this.#done();
    return html`${done.length > 1 ? this.#table(done) : nothing}
      <div class="answers">
        ${this.answers.map(
          ({ system, result, error }) => html`<section class="card" aria-label=${titleOf(system)}>
            <div class="row spread">
              <h2>${titleOf(system)}</h2>
              <span class="small soft">${result ? milliseconds(result.timings.total - result.timings.queued) : ""}</span>
            </div>
            ${error ? html`<p class="bad">${error.message}</p>` : this.#drawn(result!)}
          </section>`,
        )}
      </div>
      <div class="row">
        <button type="button" @click=${this.#saveJson}>${icons.save}JSON</button>
        <button type="button" @click=${() => void this.#savePicture()}>${icons.save}Picture</button>
        <button type="button" @click=${() => void this.#copyLink()}>${icons.link}Copy a link</button>
      </div>`;
  }

  #drawn(result: AnalysisResult): TemplateResult {
    const { photo } = this.state;
    return html`<mner-qg
      .results=${result}
      .src=${photo?.kind === "example" ? photo.url : null}
      .image=${photo?.kind === "own" ? photo.blob : null}
      .alt=${photo?.kind === "example" ? photo.alt : "Photo of the tweet"}
    ></mner-qg>`;
  }

  #table(done: readonly { readonly system: string; readonly result: AnalysisResult }[]): TemplateResult {
    const words = compareWords(
      this.#askedText,
      done.map(({ result }) => result),
    );
    return html`<section class="card">
      <h2 id="words">Word by word</h2>
      <div class="frame" role="region" aria-labelledby="words" tabindex="0">
        <table>
          <thead>
            <tr>
              <th scope="col">Word</th>
              ${done.map(({ system }) => html`<th scope="col">${titleOf(system)}</th>`)}
              <th scope="col">Agree</th>
            </tr>
          </thead>
          <tbody>
            ${words.map(
              ({ text, tags, agreed }) => html`<tr class=${agreed ? "" : "differs"}>
                <th scope="row"><bdi>${text}</bdi></th>
                ${tags.map((tag) =>
                  tag
                    ? html`<td ${setStyle({ "--c": styleOf(tag.type).color })}>${glyph(tag.type)}${en.types[tag.type] ?? tag.type}</td>`
                    : html`<td class="soft">–</td>`,
                )}
                <td>${agreed ? "yes" : "no"}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>`;
  }

  #toggle(name: string): void {
    const chosen = this.#chosen();
    this.app.store.set({
      systems: chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name],
    });
  }

  readonly #stop = (): void => this.#abort?.abort();

  readonly #run = async (): Promise<void> => {
    const abort = new AbortController();
    this.#abort = abort;
    this.answers = [];
    const { text, photo, backend } = this.state;
    this.#askedText = text;
    const image = photo === null ? null : photo.kind === "own" ? photo.blob : new URL(photo.url, document.baseURI).href;
    for (const system of this.#chosen()) {
      if (abort.signal.aborted) break;
      this.busy = system;
      let answer: Answer;
      try {
        const analyzer = await openSystem(system, backend, abort.signal);
        try {
          answer = { system, result: await analyzer.analyze({ text, image, signal: abort.signal }), error: null };
        } finally {
          analyzer.dispose();
        }
      } catch (thrown) {
        if (abort.signal.aborted) break;
        answer = { system, result: null, error: toMnerError(thrown) };
      }
      this.answers = [...this.answers, answer];
    }
    this.busy = null;
  };

  readonly #saveJson = (): void => {
    const systems = Object.fromEntries(this.#done().map(({ system, result }) => [system, withoutCells(result)]));
    const words = compareWords(
      this.#askedText,
      this.#done().map(({ result }) => result),
    );
    const agreement = words.map(({ text, start, end, agreed }) => ({ text, start, end, agreed }));
    saveFile(
      `${JSON.stringify({ text: this.#askedText, agreement, systems }, null, 2)}\n`,
      "mner-qg-compare.json",
      "application/json",
    );
  };

  /** The pictures of all answers below each other, each under its system's name. */
  async #savePicture(): Promise<void> {
    try {
      const tags = [...this.renderRoot.querySelectorAll<HTMLElementTagNameMap["mner-qg"]>("mner-qg")];
      const pictures = await Promise.all(tags.map(async (tag) => createImageBitmap(await tag.toPNG())));
      const head = 72;
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(...pictures.map(({ width }) => width));
      canvas.height = pictures.reduce((sum, { height }) => sum + height + head, 0);
      const context = canvas.getContext("2d")!;
      context.fillStyle = "#fff";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = "#1b1d22";
      context.font = "600 40px system-ui, sans-serif";
      let y = 0;
      for (const [index, picture] of pictures.entries()) {
        context.fillText(titleOf(this.#done()[index]!.system), 64, y + 60);
        context.drawImage(picture, 0, y + head);
        y += picture.height + head;
        picture.close();
      }
      const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
      if (!blob) throw new RangeError("The canvas gave no picture.");
      saveFile(blob, "mner-qg-compare.png", "image/png");
    } catch (error) {
      this.app.say(toMnerError(error).message, "trouble");
    }
  }

  async #copyLink(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.app.link);
      this.app.say("The link is in the clipboard.");
    } catch {
      this.app.say(`The clipboard is not open to this page. The link is: ${this.app.link}`);
    }
  }
}

function withoutCells(result: AnalysisResult): AnalysisResult {
  return { ...result, queries: result.queries.map((query) => ({ ...query, attention: null })) };
}

customElements.define("compare-view", CompareView);
