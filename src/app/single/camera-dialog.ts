// Takes a photo with the device's camera. Where pages may not use it (no permission, no camera, no secure address), the
// device's own camera program or file picker takes its place.
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { controls } from "../styles/controls.js";
import { icons } from "../styles/icons.js";

const QUALITY = 0.92;

function whyNot(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError")
    return "The browser does not let this page use the camera. Allow it in the address bar, or choose a photo instead.";
  if (name === "NotFoundError") return "There is no camera on this device. Choose a photo instead.";
  if (name === "NotReadableError")
    return "The camera is in use by another program. Close that, or choose a photo instead.";
  return "The camera cannot be used here. Choose a photo instead.";
}

export class CameraDialog extends LitElement {
  static override properties = { stream: { state: true }, problem: { state: true }, side: { state: true } };
  declare stream: MediaStream | null;
  declare problem: string | null;
  declare side: "environment" | "user";
  #asked = 0;

  static override styles = [
    controls,
    css`
      dialog {
        inline-size: min(40rem, calc(100vw - 2rem));
        padding: 1rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        color: var(--ink);
        background: var(--card);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 0.55);
      }
      .stage {
        display: grid;
        place-items: center;
        aspect-ratio: 4 / 3;
        margin-block: 0.75rem;
        padding: 1rem;
        border-radius: 10px;
        overflow: hidden;
        text-align: center;
        background: var(--sunken);
      }
      .stage.live {
        padding: 0;
        background: #000;
      }
      video {
        inline-size: 100%;
        block-size: 100%;
        object-fit: contain;
      }
      input[type="file"] {
        display: none;
      }
    `,
  ];

  constructor() {
    super();
    this.stream = null;
    this.problem = null;
    this.side = "environment";
  }

  open(): void {
    this.#dialog.showModal();
    void this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#end();
  }

  protected override render(): TemplateResult {
    const { stream, problem } = this;
    return html`<dialog aria-labelledby="title" @close=${this.#end}>
        <div class="row spread">
          <h2 id="title">Take a photo</h2>
          <button type="button" class="bare" aria-label="Close" @click=${() => this.#dialog.close()}>${icons.close}</button>
        </div>
        <div class="stage ${stream ? "live" : ""}">
          ${
            stream
              ? html`<video autoplay playsinline muted aria-label="What the camera sees" .srcObject=${stream}></video>`
              : html`<p role="status">${problem ?? "Asking for the camera…"}</p>`
          }
        </div>
        <div class="row">
          <button type="button" class="primary" ?disabled=${!stream} @click=${this.#shoot}>${icons.camera}Take photo</button>
          ${stream ? html`<button type="button" @click=${this.#turn}>Other camera</button>` : nothing}
          <button type="button" @click=${() => this.#input.click()}>${icons.photo}Choose a photo</button>
        </div>
        <input type="file" tabindex="-1" aria-hidden="true" accept="image/*" capture="environment" @change=${this.#picked} />
      </dialog>`;
  }

  get #dialog(): HTMLDialogElement {
    return this.renderRoot.querySelector("dialog")!;
  }

  get #input(): HTMLInputElement {
    return this.renderRoot.querySelector<HTMLInputElement>('input[type="file"]')!;
  }

  async #begin(): Promise<void> {
    const asked = ++this.#asked;
    this.problem = null;
    try {
      if (!navigator.mediaDevices?.getUserMedia) throw new TypeError("No camera for this page.");
      const video = { facingMode: this.side, width: { ideal: 1920 }, height: { ideal: 1440 } };
      const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      // Closed while the reader was being asked: nothing may go on filming.
      if (asked !== this.#asked || !this.#dialog.open) return stop(stream);
      this.stream = stream;
    } catch (error) {
      if (asked === this.#asked) this.problem = whyNot(error);
    }
  }

  readonly #end = (): void => {
    this.#asked++;
    if (this.stream) stop(this.stream);
    this.stream = null;
  };

  readonly #turn = (): void => {
    this.side = this.side === "user" ? "environment" : "user";
    this.#end();
    void this.#begin();
  };

  readonly #shoot = async (): Promise<void> => {
    const video = this.renderRoot.querySelector("video");
    if (!video || video.videoWidth === 0) return;
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    if (blob) this.#give(new File([blob], "camera.jpg", { type: blob.type }));
    else this.problem = "The photo could not be taken. Try again.";
  };

  readonly #picked = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    input.value = "";
    if (file) this.#give(file);
  };

  #give(photo: File): void {
    this.#dialog.close();
    this.dispatchEvent(new CustomEvent("photo", { detail: photo }));
  }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

customElements.define("camera-dialog", CameraDialog);
