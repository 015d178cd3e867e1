// The whole of a tag: where its parts stand, and what is only heard.
import { html, nothing, type TemplateResult } from "lit";
import type { Scene } from "../scene.js";
import { barTemplate } from "./bar.js";
import { listTemplate, troubleTemplate } from "./panels.js";
import { photoTemplate } from "./photo.js";
import { textTemplate } from "./text.js";

/** `why` is there once the reader has asked for it. */
export function tagTemplate(scene: Scene, why: typeof import("../why.js") | null): TemplateResult {
  const { walkHint } = scene.localizer.strings;
  return html`<slot name="header"></slot>
    <div class="layout ${scene.photo ? "" : "plain"}">
      ${textTemplate(scene)}
      <div class="looking">${photoTemplate(scene, why)}<slot name="credit">${scene.caption && scene.photo ? html`<small class="caption">${scene.caption}</small>` : nothing}</slot></div>
      <div class="below">
        ${barTemplate(scene)}${troubleTemplate(scene)}${scene.whyOpen && why ? why.whyTemplate(scene) : nothing}${listTemplate(scene)}
      </div>
    </div>
    <slot name="footer"></slot>
    ${scene.view.entities.length || scene.view.boxes.length ? html`<div id="hint" class="quiet">${walkHint}</div>` : nothing}
    <div class="quiet" role="status">${scene.announcement}</div>`;
}
