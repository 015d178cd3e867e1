// Where a tweet and its photo go in: typed, picked, photographed; dropping and pasting work anywhere on the page.
import { css, html, nothing, type TemplateResult } from "lit";
import { sortFiles } from "../intake/incoming.js";
import { PagePart } from "../shell/page-part.js";
import type { AppState } from "../state/state.js";
import { controls } from "../styles/controls.js";
import { icons } from "../styles/icons.js";
import "../photo-thumb.js";
import "./camera-dialog.js";
import type { CameraDialog } from "./camera-dialog.js";
import "./example-strip.js";

const PHOTO_TYPES = "image/*,.jpg,.jpeg,.png,.webp,.gif,.avif,.bmp";

export class TweetComposer extends PagePart {
  static override properties = { ...PagePart.properties, plain: { type: Boolean } };
  /** Without a button of its own: another part asks. */
  declare plain: boolean;
  protected readonly reads: readonly (keyof AppState)[] = ["text", "askedText", "photo", "running"];

  static override styles = [
    controls,
    css`
      form {
        display: grid;
        gap: 0.6rem;
      }
      /* Text, photo and tools in one frame: what is inside is what will be read. */
      .box {
        border: 1px solid var(--edge);
        border-radius: 12px;
        background: var(--card);
      }
      .box:focus-within {
        outline: 2px solid var(--focus);
        outline-offset: 1px;
      }
      textarea {
        display: block;
        min-block-size: 6rem;
        max-block-size: 20rem;
        border: 0;
        background: none;
        field-sizing: content;
        resize: none;
      }
      /* The frame around it shows where the keyboard is. */
      textarea:focus-visible {
        outline: none;
      }
      .tools {
        display: flex;
        align-items: center;
        gap: 0.25rem;
        padding: 0.35rem;
      }
      .tools .bare {
        padding-inline: 0.7em;
      }
      .run {
        margin-inline-start: auto;
      }
      .file {
        display: inline-flex;
        align-items: center;
        gap: 0.5rem;
        max-inline-size: calc(100% - 1rem);
        margin-inline: 0.65rem;
        font-size: 0.8125rem;
        color: var(--soft);
      }
      .file img {
        inline-size: 3.5rem;
        block-size: 3.5rem;
        object-fit: cover;
        border-radius: 8px;
        background: var(--sunken);
      }
      .file button {
        min-block-size: 2rem;
        padding-inline: 0.5em;
      }
      .part {
        display: grid;
        gap: 0.5rem;
        margin-block-start: 1rem;
        padding-block-start: 1rem;
        border-block-start: 1px solid var(--line);
      }
      input[type="file"] {
        display: none;
      }
      @media (max-width: 59.99rem) {
        textarea {
          min-block-size: 5rem;
          max-block-size: 9.25rem;
        }
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { text, photo } = this.state;
    return html`<section class="card" aria-labelledby="heading">
        <form @submit=${this.#submit}>
          <h2 id="heading"><label for="text">Your tweet</label></h2>
          <div class="box">
            <textarea
              id="text"
              dir="auto"
              rows="3"
              spellcheck="false"
              autocomplete="off"
              placeholder="Type or paste a tweet"
              .value=${text}
              @input=${this.#typed}
              @keydown=${this.#key}
            ></textarea>
            ${
              photo
                ? html`<span class="file"
                    >${
                      photo.kind === "own"
                        ? html`<photo-thumb .blob=${photo.blob} .label=${photo.name}></photo-thumb>`
                        : html`<img src=${photo.url} alt=${photo.alt} />`
                    }<button type="button" class="bare" aria-label=${`Take the photo ${photo.name} away`} @click=${this.#clear}>${icons.close}</button
                    >${photo.kind === "own" ? html`<span>kept in this tab until you take it away</span>` : nothing}</span
                  >`
                : nothing
            }
            <div class="tools">
              <button type="button" class="bare" @click=${() => this.#input.click()}>${icons.photo}Photo</button>
              <button type="button" class="bare" aria-label="Take a photo" @click=${this.#photograph}>${icons.camera}</button>
              <button type="submit" class="primary run" ?hidden=${this.plain} ?disabled=${text.trim() === ""}>${this.#isReading ? "Stop" : "Find names"}</button>
            </div>
          </div>
          <input
            type="file"
            tabindex="-1"
            aria-hidden="true"
            multiple
            accept=${`${PHOTO_TYPES},.jsonl,.ndjson,.csv,.tsv,.conll,.bio,.txt`}
            @change=${this.#picked}
          />
        </form>
        <div class="part">
          <p class="small soft">Or try one of these</p>
          <example-strip .app=${this.app}></example-strip>
        </div>
      </section>
      <camera-dialog @photo=${this.#photographed}></camera-dialog>`;
  }

  /** Words that were changed meanwhile are there to be asked, not to be stopped. */
  get #isReading(): boolean {
    const { running, text, askedText } = this.state;
    return running && text === askedText;
  }

  get #input(): HTMLInputElement {
    return this.renderRoot.querySelector<HTMLInputElement>('input[type="file"]')!;
  }

  get #camera(): CameraDialog {
    return this.renderRoot.querySelector<CameraDialog>("camera-dialog")!;
  }

  readonly #submit = (event: Event): void => {
    event.preventDefault();
    if (this.#isReading) this.app.stop();
    else this.app.run();
  };

  readonly #typed = (event: Event): void => this.app.setText((event.target as HTMLTextAreaElement).value);

  readonly #key = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.app.run();
  };

  readonly #picked = async (event: Event): Promise<void> => {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    // The same file may be picked again.
    input.value = "";
    if (files.length > 0) this.app.receive(await sortFiles(files));
  };

  readonly #clear = (): void => this.app.setPhoto(null);

  readonly #photograph = (): void => this.#camera.open();

  readonly #photographed = (event: CustomEvent<File>): void => this.app.setPhoto(event.detail);
}

customElements.define("tweet-composer", TweetComposer);
