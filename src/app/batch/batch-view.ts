// Many tweets: a file and a folder of photos in, a table, files and scores out.
import { css, html, nothing, type TemplateResult } from "lit";
import { ANSWER_FORMATS, ANSWER_WRITERS, type AnswerFormat } from "../../corpus/index.js";
import { DATASET_FORMATS, DATASET_WRITERS, type DatasetFormat } from "../../corpus/write-datasets.js";
import { sortFiles } from "../intake/incoming.js";
import { saveFile } from "../save-file.js";
import { count, duration } from "../shell/figures.js";
import { PagePart } from "../shell/page-part.js";
import type { AppState } from "../state/state.js";
import { StoreController } from "../state/store-controller.js";
import { controls } from "../styles/controls.js";
import { icons } from "../styles/icons.js";
import { Batch, type BatchState, lacksPhoto } from "./batch.js";
import { writeBatch, writeDataset } from "./batch-exports.js";
import { sampleBatch } from "./sample-batch.js";
import "./batch-table.js";
import "./score-panel.js";

export class BatchView extends PagePart {
  static override properties = { clearing: { state: true } };
  declare clearing: boolean;
  protected readonly reads: readonly (keyof AppState)[] = ["forBatch"];
  #batch: Batch | null = null;

  static override styles = [
    controls,
    css`
      .all {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--gap);
        padding-block-start: clamp(0.25rem, 1.5vw, 1.25rem);
      }
      h1 {
        font-size: clamp(1.25rem, 0.9rem + 1.6vw, 2rem);
        font-weight: 650;
        line-height: 1.2;
        letter-spacing: -0.015em;
      }
      .steps {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr));
        gap: var(--gap);
      }
      .steps .card {
        display: grid;
        gap: 0.6rem;
        align-content: start;
        justify-items: start;
      }
      .work {
        display: grid;
        gap: 0.9rem;
      }
      .name {
        min-inline-size: 0;
        overflow-wrap: anywhere;
      }
      input[type="file"] {
        display: none;
      }
    `,
  ];

  constructor() {
    super();
    this.clearing = false;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    super.willUpdate(changed);
    if (!this.#batch) {
      this.#batch = new Batch(() => this.app.loadModel());
      const keys = Object.keys(this.#batch.store.state) as (keyof BatchState)[];
      new StoreController(this, this.#batch.store, keys);
      if (!this.state.forBatch) void this.#batch.restore();
    }
    if (this.state.forBatch) queueMicrotask(() => this.#take());
  }

  protected override render(): TemplateResult {
    const { phase, error } = this.#batch!.store.state;
    return html`<div class="all">
      <div>
        <h1>Many tweets at once</h1>
        <p class="soft">A file of tweets and a folder of photos in; a table, files and scores out. All of it on this device.</p>
      </div>
      ${error ? html`<p class="bad" role="alert">${error.message}</p>` : nothing}
      ${phase === "empty" ? this.#begin() : phase === "reading" ? html`<p role="status">Reading the file…</p>` : this.#work()}
      <input id="file" type="file" tabindex="-1" aria-hidden="true" accept=".jsonl,.ndjson,.csv,.tsv,.conll,.bio,.txt" @change=${this.#picked} />
      <input id="folder" type="file" tabindex="-1" aria-hidden="true" webkitdirectory multiple @change=${this.#picked} />
    </div>`;
  }

  #begin(): TemplateResult {
    const { photos } = this.#batch!.store.state;
    return html`<div class="steps">
      <section class="card">
        <h2>Tweets</h2>
        <p class="small soft">
          JSON lines with “text” and “image”, CSV with a column “text”, or CoNLL with <code>IMGID:</code> lines. With tags, the
          answers are scored.
        </p>
        <button type="button" class="primary" @click=${() => this.#pick("file")}>${icons.table}Choose a file</button>
      </section>
      <section class="card">
        <h2>Photos</h2>
        <p class="small soft">The folder with the photos that the file names. Optional: without them only the words are read.</p>
        <button type="button" @click=${() => this.#pick("folder")}>${icons.folder}Choose a folder</button>
        ${photos > 0 ? html`<p class="small">${count(photos, "photo")} at hand.</p>` : nothing}
      </section>
      <section class="card">
        <h2>Just looking?</h2>
        <p class="small soft">Eight tweets with five photos and gold labels.</p>
        <button type="button" @click=${() => void this.#sample()}>${icons.play}Take the sample</button>
      </section>
    </div>`;
  }

  #work(): TemplateResult {
    const { phase, name, rows, photos, hasGold, scores, kept } = this.#batch!.store.state;
    const left = rows.filter(({ status }) => status === "waiting" || status === "running").length;
    const answered = rows.length - left;
    const busy = phase === "running" || phase === "loading";
    return html`<section class="card work" aria-labelledby="name">
        <div class="row spread">
          <h2 id="name" class="name"><bdi>${name}</bdi></h2>
          <div class="row">
            ${this.#runButton(busy, left, answered)}
            <button type="button" @click=${() => this.#pick("folder")}>${icons.folder}Photos</button>
            ${this.#clearButtons()}
          </div>
        </div>
        <progress max=${rows.length} value=${answered} aria-label="Tweets that are done"></progress>
        <p class="small soft" role="status">${this.#progressWords(left)}</p>
        ${photos === 0 && rows.some(lacksPhoto) ? html`<p class="small">The file names photos. Choose their folder to have them looked at.</p>` : nothing}
        ${kept ? nothing : html`<p class="small bad">This device does not let the page keep the results: save them before you leave.</p>`}
        <div class="row">
          <span class="small soft">Save as</span>
          ${ANSWER_FORMATS.map(
            (format) =>
              html`<button type="button" ?disabled=${answered === 0} @click=${() => this.#save(format)}>${ANSWER_WRITERS[format].name}</button>`,
          )}
          ${DATASET_FORMATS.map(
            (format) =>
              html`<button type="button" ?disabled=${answered === 0} @click=${() => this.#saveDataset(format)}>${DATASET_WRITERS[format].name}</button>`,
          )}
          ${busy ? nothing : this.#againButtons()}
        </div>
      </section>
      ${scores ? html`<score-panel .scores=${scores} .running=${left > 0}></score-panel>` : nothing}
      <batch-table .rows=${rows} .gold=${hasGold} .photoOf=${this.#photoOf}></batch-table>`;
  }

  /** One button for all of it, so that the keyboard keeps its place. */
  #runButton(busy: boolean, left: number, answered: number): TemplateResult {
    const words = busy ? "Stop" : answered > this.#broken() ? "Go on" : "Start";
    return html`<button
      type="button"
      class="primary"
      ?hidden=${left === 0 && !busy}
      @click=${busy ? () => this.#batch!.stop() : this.#run}
    >
      ${busy ? icons.stop : icons.play}${words}
    </button>`;
  }

  #broken(): number {
    return this.#batch!.store.state.rows.filter(({ status }) => status === "broken").length;
  }

  #progressWords(left: number): string {
    const { phase, rows, rate, photos } = this.#batch!.store.state;
    const failed = rows.filter(({ status }) => status === "failed").length;
    const broken = this.#broken();
    return [
      `${(rows.length - left).toLocaleString("en")} of ${count(rows.length, "tweet")}`,
      photos > 0 && count(photos, "photo"),
      broken > 0 && (broken === 1 ? "1 line is no tweet" : `${broken} lines are no tweets`),
      failed > 0 && `${failed} not read: ${this.#causes()}`,
      phase === "loading" && "waiting for the model",
      phase === "running" && rate > 0 && `${rate.toFixed(1)} a second, ${duration(left / rate)} left`,
    ]
      .filter(Boolean)
      .join(" · ");
  }

  /** Why rows failed, in the failures' own words, the commonest first. */
  #causes(): string {
    const counts = new Map<string, number>();
    for (const { status, failure } of this.#batch!.store.state.rows) {
      if (status !== "failed" || !failure) continue;
      const cause = failure.message.split(/(?<=[.:]) /)[0]!.replace(/[.:]$/, "");
      counts.set(cause, (counts.get(cause) ?? 0) + 1);
    }
    const [first, ...more] = [...counts].sort((a, b) => b[1] - a[1]).map(([cause]) => cause);
    return `${first ?? "no cause is known"}${more.length > 0 ? `, and ${count(more.length, "other cause")}` : ""}`;
  }

  #clearButtons(): TemplateResult {
    if (!this.clearing) return html`<button type="button" @click=${() => (this.clearing = true)}>Clear</button>`;
    return html`<button type="button" class="bad" @click=${this.#clear}>Really clear?</button
      ><button type="button" class="bare" @click=${() => (this.clearing = false)}>Keep</button>`;
  }

  #againButtons(): TemplateResult {
    const { rows, photos } = this.#batch!.store.state;
    const failed = rows.filter(({ status }) => status === "failed").length;
    const photoless = photos > 0 ? rows.filter((row) => row.status === "done" && row.photo === "waiting").length : 0;
    const button = (words: string, which: "failed" | "photoless"): TemplateResult =>
      html`<button type="button" @click=${() => void this.#batch!.again(which).then(this.#run)}>${words}</button>`;
    return html`${failed > 0 ? button(`Try ${count(failed, "failed one")} again`, "failed") : nothing}
    ${photoless > 0 ? button(`Read ${photoless} again with their photos`, "photoless") : nothing}`;
  }

  readonly #photoOf = (row: Parameters<Batch["photoOf"]>[0]): File | null => this.#batch!.photoOf(row);

  readonly #run = (): void => {
    const { queries, threshold, nested } = this.state;
    void this.#batch!.run({ queries, threshold, nested });
  };

  readonly #clear = (): void => {
    this.clearing = false;
    void this.#batch!.clear();
  };

  #pick(id: "file" | "folder"): void {
    this.renderRoot.querySelector<HTMLInputElement>(`#${id}`)!.click();
  }

  readonly #picked = async (event: Event): Promise<void> => {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length > 0)
      this.app.receive({ ...(await sortFiles(files)), ...(input.id === "folder" ? { tables: [], unknown: [] } : {}) });
  };

  #take(): void {
    const incoming = this.app.takeForBatch();
    if (!incoming) return;
    if (incoming.photos.length > 0) this.#batch!.addPhotos(incoming.photos);
    const [, ...left] = incoming.tables;
    if (left.length > 0) {
      const names = left.map(({ name }) => `“${name}”`).join(", ");
      this.app.say(
        `One file at a time: ${names} was left out. Save the answers of this one, then drop the next.`,
        "trouble",
      );
    }
    if (incoming.tables[0]) void this.#batch!.open(incoming.tables[0]);
  }

  async #sample(): Promise<void> {
    try {
      const { file, photos } = await sampleBatch();
      this.#batch!.addPhotos(photos);
      await this.#batch!.open(file);
    } catch {
      this.app.say("The sample could not be loaded. Try again with a network.", "trouble");
    }
  }

  #saveDataset(format: DatasetFormat): void {
    const { rows, name } = this.#batch!.store.state;
    const stem = name.replace(/\.[^.]+$/, "");
    for (const { ending, mediaType, content } of writeDataset(rows, format)) {
      saveFile(content, `${stem}.mner-qg.${ending}`, mediaType);
    }
  }

  #save(format: AnswerFormat): void {
    const { rows, name } = this.#batch!.store.state;
    const stem = name.replace(/\.[^.]+$/, "");
    const { ending, mediaType } = ANSWER_WRITERS[format];
    saveFile(writeBatch(rows, format), `${stem}.mner-qg.${ending}`, mediaType);
  }
}

customElements.define("batch-view", BatchView);
