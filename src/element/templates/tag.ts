// The whole of a tag: where its parts stand, and what is only heard.
import { html, nothing, type TemplateResult } from "lit";
import type { Scene } from "../scene.js";
import { barTemplate } from "./bar.js";
import { listTemplate, troubleTemplate, whyTemplate } from "./panels.js";
import { photoTemplate } from "./photo.js";
import { textTemplate } from "./text.js";

export function tagTemplate(scene: Scene): TemplateResult {
  const { walkHint } = scene.speaker.strings;
  return html`<slot name="header"></slot>
    <div class="layout ${scene.photo ? "" : "plain"}">
      ${textTemplate(scene)}
      <div class="looking">${photoTemplate(scene)}<slot name="credit"></slot></div>
      <div class="below">
        ${barTemplate(scene)}${troubleTemplate(scene)}${whyTemplate(scene)}${listTemplate(scene)}
      </div>
    </div>
    <slot name="footer"></slot>
    ${scene.view.entities.length ? html`<div id="hint" class="quiet">${walkHint}</div>` : nothing}
    <div class="quiet" role="status">${scene.announcement}</div>`;
}
