// Paints a small picture. On a canvas, because a strict Content-Security-Policy refuses blob: addresses in <img>.
import { css, html, LitElement, type TemplateResult } from "lit";

export class PhotoThumb extends LitElement {
  static override properties = { blob: { attribute: false } };
  declare blob: Blob;
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
    return html`<canvas width="112" height="112" role="img" aria-label="Photo of the tweet"></canvas>`;
  }

  protected override updated(): void {
    if (this.#painted === this.blob) return;
    this.#painted = this.blob;
    void this.#paint(this.blob);
  }

  async #paint(blob: Blob): Promise<void> {
    try {
      const picture = await createImageBitmap(blob);
      if (this.#painted === blob) this.renderRoot.querySelector("canvas")?.getContext("2d")?.drawImage(picture, 0, 0);
      picture.close();
    } catch {
      // The empty frame stays.
    }
  }
}

customElements.define("photo-thumb", PhotoThumb);
