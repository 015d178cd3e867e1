// What opens below: the list of all names with the same facts as the picture, and what went wrong.
import { html, nothing, type TemplateResult } from "lit";
import { on } from "../events.js";
import { placeWithFigure, type Scene, seen } from "../scene.js";
import { setStyle } from "../set-style.js";
import { messageOf, translated } from "../strings/localize.js";
import { glyph, styleOf } from "../type-style.js";

export function listTemplate(scene: Scene): TemplateResult | typeof nothing {
  const { view, localizer } = scene;
  if (view.entities.length === 0) return nothing;
  return html`<ul id="list" class="list" part="list" ?hidden=${!scene.listOpen}>
    ${view.entities.map((entity) => {
      const percent = localizer.percent(entity.score);
      return html`<li>
        <button
          type="button"
          class="item ${scene.active.has(entity.id) ? "lit" : ""}"
          part="item"
          data-item=${entity.id}
          tabindex=${scene.listStop === entity.id ? 0 : -1}
          aria-pressed=${scene.pinned === entity.id}
          ${setStyle({ "--c": styleOf(entity.type).color })}
          @click=${on(() => scene.act.pinEntity(entity.id))}
        >
          ${glyph(entity.type)}<span class="name"><bdi>${entity.text}</bdi></span>
          <span class="type">${localizer.typeName(entity.type)}</span>
          <span class="place ${seen(scene, entity) === false ? "absent" : ""}">${placeWithFigure(scene, entity)}</span>
          <span class="sure">${percent && `${localizer.strings.named} ${percent}`}</span>
        </button>
      </li>`;
    })}
  </ul>`;
}

export function troubleTemplate(scene: Scene): TemplateResult {
  const { error, localizer } = scene;
  // What befell text or photo concerns every reader; how it was computed is no reader's business.
  const notices = (scene.result?.notices ?? []).filter(({ code }) => /^(?:image|text)-/.test(code));
  const isSaid = notices.some(({ code }) => code === "text-language");
  return html`${
    error
      ? html`<div class="error" part="error">
          <p>${messageOf(localizer, error)}</p>
          ${
            scene.phase.kind === "error"
              ? html`<button type="button" class="button" part="button retry" @click=${on(scene.act.start)}>${localizer.strings.retry}</button>`
              : nothing
          }
        </div>`
      : nothing
  }${[...notices, ...(scene.foreign && !isSaid ? [{ code: "text-language", message: "" }] : [])].map(
    ({ code, message }) => html`<p class="notice" part="notice">${translated(localizer, code) ?? message}</p>`,
  )}`;
}
