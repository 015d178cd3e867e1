// Paints a small picture of a photo, cut to a square. On a canvas, because a strict Content-Security-Policy refuses blob: addresses in <img>.
import { css, html, LitElement, type TemplateResult } from "lit";

const SIDE = 112;

export class PhotoThumb extends LitElement {
  static override properties = { blob: { attribute: false }, label: {} };
  declare blob: Blob;
  /** For those who do not see it. */
  declare label: string | undefined;
  #painted: Blob | null = null;

  static override styles = css`
    :host {
      display: block;
    }
    canvas {
      display: block;
      inline-size: 3.5rem;
      block-size: 3.5rem;
      border-radius: 8px;
      background: var(--sunken);
    }
  `;

  protected override render(): TemplateResult {
    return html`<canvas width="112" height="112" role="img" aria-label=${this.label ?? "Photo of the tweet"}></canvas>`;
  }

  protected override updated(): void {
    if (this.#painted === this.blob) return;
    this.#painted = this.blob;
    void this.#paint(this.blob);
  }

  async #paint(blob: Blob): Promise<void> {
    try {
      const picture = await createImageBitmap(blob, { imageOrientation: "from-image" });
      const { width, height } = picture;
      const scale = SIDE / Math.min(width, height);
      const context = this.renderRoot.querySelector("canvas")?.getContext("2d");
      if (this.#painted === blob) {
        context?.clearRect(0, 0, SIDE, SIDE);
        const [left, top] = [(SIDE - width * scale) / 2, (SIDE - height * scale) / 2];
        context?.drawImage(picture, left, top, width * scale, height * scale);
      }
      picture.close();
    } catch {
      // The empty frame stays.
    }
  }
}

customElements.define("photo-thumb", PhotoThumb);
