// What opens below: the list of all names with the same facts as the picture, the "why" view, and what went wrong.
import { html, nothing, type TemplateResult } from "lit";
import type { QueryResult } from "../../core/results.js";
import { lookedAt } from "../attention.js";
import { placeOf, type Scene, seen } from "../scene.js";
import { setStyle } from "../set-style.js";
import { messageOf, translated } from "../strings/messages.js";
import { lookOf } from "../type-look.js";
import { glyph } from "./glyph.js";

export function listTemplate(scene: Scene): TemplateResult | typeof nothing {
  const { view, speaker } = scene;
  if (view.entities.length === 0) return nothing;
  return html`<ul id="list" class="list" part="list" ?hidden=${!scene.listOpen}>
    ${view.entities.map((entity) => {
      const percent = speaker.percent(entity.score);
      return html`<li>
        <button
          type="button"
          class="item ${scene.active.has(entity.id) ? "lit" : ""}"
          part="item"
          data-item=${entity.id}
          tabindex=${scene.listStop === entity.id ? 0 : -1}
          aria-pressed=${scene.pinned === entity.id}
          ${setStyle({ "--c": lookOf(entity.type).color })}
          @click=${() => scene.act.pinEntity(entity.id)}
        >
          ${glyph(entity.type)}<span class="name"><bdi>${entity.text}</bdi></span>
          <span class="type">${speaker.typeName(entity.type)}</span>
          <span class="place ${seen(scene, entity) === false ? "absent" : ""}">${placeOf(scene, entity)}</span>
          <span class="sure">${percent && speaker.fill(speaker.strings.sure, { percent })}</span>
        </button>
      </li>`;
    })}
  </ul>`;
}

function queryFacts(scene: Scene, query: QueryResult): string[] {
  const { speaker } = scene;
  const { strings } = speaker;
  const exists = speaker.percent(query.exists);
  const named = exists && speaker.fill(strings.exists, { percent: exists });
  if (!scene.result?.image) return [named].filter(Boolean);
  const missing = query.notInPhoto >= 0.5;
  const place = speaker.percent(missing ? query.notInPhoto : 1 - query.notInPhoto);
  const third = query.attention ? lookedAt(query.attention) : null;
  const relevance = speaker.percent(query.imageRelevance);
  return [
    named,
    place && speaker.fill(missing ? strings.unseenSure : strings.seenSure, { percent: place }),
    third === null ? "" : speaker.fill(strings.lookedAt, { place: strings.places[third] ?? "" }),
    relevance && speaker.fill(strings.relevance, { percent: relevance }),
  ].filter(Boolean);
}

function queryTemplate(scene: Scene, query: QueryResult): TemplateResult {
  const { speaker } = scene;
  return html`<li>
    <button
      type="button"
      class="query"
      part="query"
      aria-pressed=${scene.whyQuery === query}
      ${setStyle({ "--c": lookOf(query.type).color })}
      @click=${() => scene.act.chooseQuery(query.type)}
    >
      <span class="asked">${glyph(query.type)}<b><bdi>${speaker.typeName(query.type)}</bdi></b><q><bdi>${query.query}</bdi></q></span>
      <span class="meter" aria-hidden="true"><span ${setStyle({ "inline-size": `${(query.exists || 0) * 100}%` })}></span></span>
      <span class="facts">${queryFacts(scene, query).join(" · ")}</span>
    </button>
  </li>`;
}

export function whyTemplate(scene: Scene): TemplateResult | typeof nothing {
  const queries = scene.result?.queries ?? [];
  if (!scene.whyOpen || queries.length === 0) return nothing;
  return html`<ul id="why" class="why" part="why">${queries.map((query) => queryTemplate(scene, query))}</ul>`;
}

export function troubleTemplate(scene: Scene): TemplateResult {
  const { error, speaker } = scene;
  // What befell text or photo concerns every reader; how it was computed, those who ask why.
  const notices = (scene.result?.notices ?? []).filter(({ code }) => scene.whyOpen || /^(?:image|text)-/.test(code));
  return html`${
    error
      ? html`<div class="error" part="error">
          <svg class="glyph" viewBox="0 0 10 10" aria-hidden="true"><path d="M5 .6 9.8 9.2H.2zM4.5 3.6v2.7h1V3.6zm0 3.4v1h1V7z" fill-rule="evenodd"></path></svg>
          <p>${messageOf(speaker, error)}</p>
          ${
            scene.phase.kind === "error"
              ? html`<button type="button" class="button" part="button retry" @click=${scene.act.start}>${speaker.strings.retry}</button>`
              : nothing
          }
        </div>`
      : nothing
  }${notices.map(
    ({ code, message }) => html`<p class="notice" part="notice">${translated(speaker, code) ?? message}</p>`,
  )}`;
}
