// The foot of the page: the promise of privacy, how things stand without a network, and the way to install.
import { css, html, nothing, type TemplateResult } from "lit";
import type { OfflineState } from "../../pwa/offline-state.js";
import type { AppState } from "../state/state.js";
import { controls } from "../styles/controls.js";
import { icons } from "../styles/icons.js";
import { megabytes } from "./figures.js";
import { PagePart } from "./page-part.js";

function offlineWords(offline: OfflineState): string {
  switch (offline.kind) {
    case "ready":
      return `Ready offline: all ${offline.files} files of the page (${megabytes(offline.bytes)} MB) and the model are on this device, checked.`;
    case "checking":
      return "Checking what is stored on this device…";
    case "incomplete":
      return `Not ready offline: ${offline.reason}`;
    case "unsupported":
      return `Works online only. ${offline.reason}`;
    default:
      return "Not ready offline yet: page and model are being stored on this device.";
  }
}

export class PageFoot extends PagePart {
  protected readonly reads: readonly (keyof AppState)[] = ["offline", "installable"];

  static override styles = [
    controls,
    css`
      footer {
        display: grid;
        gap: 0.5rem;
        margin-block-start: 2rem;
        padding-block: 1.25rem 2rem;
        border-block-start: 1px solid var(--line);
        font-size: 0.875rem;
        color: var(--soft);
      }
      .ways {
        display: flex;
        flex-wrap: wrap;
        gap: 0.25rem 1.25rem;
      }
      a {
        color: inherit;
      }
    `,
  ];

  protected override render(): TemplateResult {
    const { offline, installable } = this.state;
    return html`<footer>
      <p>
        Text and photos stay on this device: nothing is uploaded, nothing is counted, nothing is kept but the page, the model and your
        settings (and, in “Many tweets”, your results until you clear them).
      </p>
      <p class="offline">${offlineWords(offline)}</p>
      ${
        installable
          ? html`<div><button type="button" @click=${() => void this.app.install()}>${icons.install}Install as an app</button></div>`
          : nothing
      }
      <p>
        An independent implementation of MNER-QG. It is wrong now and then; “Why?” says how sure it is.
      </p>
      <p class="ways">
        <a href="./docs/index.html">Documentation</a>
        <a href="./docs/playground.html">Try the tag</a>
        <a href="https://www.npmjs.com/package/mner-qg">Package and source</a>
      </p>
    </footer>`;
  }
}

customElements.define("page-foot", PageFoot);
