// Below the photo: one line that says what was found or what is pointed at, and one row with the type filters and switches.
// Both keep their height in every state, so that the page around the tag does not jump.
import { html, nothing, type TemplateResult } from "lit";
import { placeOf, type Scene } from "../scene.js";
import type { ShownEntity } from "../view-model.js";
import { glyph } from "./glyph.js";

export function summary(scene: Pick<Scene, "speaker" | "view" | "result">): string {
  const { speaker, view, result } = scene;
  const { strings } = speaker;
  if (view.entities.length === 0) return strings.noNames;
  const names = speaker.count(strings.names, view.entities.length);
  if (!result?.image) return names;
  const found = view.entities.filter((entity) => entity.region).length;
  const seen = found === 0 ? strings.seenNone : speaker.count(strings.seen, found);
  return speaker.fill(strings.summary, { names, seen });
}

/** Two lines, whatever there is to say: who, and what is known of them. */
function detail(scene: Scene, entities: readonly ShownEntity[]): TemplateResult {
  const { speaker } = scene;
  const first = entities[0]!;
  const percent = speaker.percent(first.score);
  const facts = [
    speaker.typeName(first.type),
    placeOf(scene, first),
    percent && speaker.fill(speaker.strings.sure, { percent }),
  ];
  const names = speaker.join([...new Set(entities.map(({ text }) => text))]);
  return html`<span class="who">${glyph(first.type)}<b><bdi>${names}</bdi></b></span
    ><span class="facts">${facts.filter(Boolean).join(" · ")}</span>`;
}

function progressLine(scene: Scene): TemplateResult {
  const { phase, speaker } = scene;
  const progress = phase.kind === "loading" ? phase.progress : null;
  const words =
    phase.kind === "loading"
      ? speaker.fill(speaker.strings.loading, { percent: progress ? speaker.percent(progress.fraction) : "" })
      : speaker.strings.analysing;
  return html`<span class="busy"
    ><progress part="progress" max="1" value=${progress ? progress.fraction : nothing} aria-label=${words}></progress
    ><span aria-hidden="true">${words}</span></span
  >`;
}

const plain = (words: string): TemplateResult => html`<span class="said">${words}</span>`;

function statusLine(scene: Scene): TemplateResult | typeof nothing {
  const { phase, view, active, speaker } = scene;
  if (phase.kind === "loading" || phase.kind === "analysing") return progressLine(scene);
  if (scene.startShown) {
    return html`<button type="button" class="button primary" part="button start" @click=${scene.act.start}>
      ${speaker.strings.start}
    </button>`;
  }
  if (!scene.result) return scene.waitingShown ? plain(speaker.strings.waiting) : nothing;
  const lit = view.entities.filter((entity) => active.has(entity.id));
  return lit.length ? detail(scene, lit) : plain(summary(scene));
}

function filters(scene: Scene): TemplateResult | typeof nothing {
  const { view, speaker } = scene;
  if (view.types.length === 0) return nothing;
  return html`<div class="filters" role="group" aria-label=${speaker.strings.filter}>
    ${view.types.map(
      ({ type, count, hidden }) => html`<button
        type="button"
        class="filter"
        part="filter"
        aria-pressed=${!hidden}
        @click=${() => scene.act.toggleType(type)}
      >
        ${glyph(type)}<bdi>${speaker.typeName(type)}</bdi> <span class="count">${speaker.figure(count)}</span>
      </button>`,
    )}
  </div>`;
}

function toggle(words: string, open: boolean, controls: string, click: () => void): TemplateResult {
  return html`<button
    type="button"
    class="button"
    part="button"
    aria-expanded=${open}
    aria-controls=${controls}
    @click=${click}
  >
    ${words}
  </button>`;
}

function switches(scene: Scene): TemplateResult | typeof nothing {
  const { result, view, speaker, act } = scene;
  if (!result) return nothing;
  return html`<div class="switches">
    ${view.types.length ? toggle(speaker.strings.list, scene.listOpen, "list", act.toggleList) : nothing}
    ${result.queries.length ? toggle(speaker.strings.why, scene.whyOpen, "why", act.toggleWhy) : nothing}
  </div>`;
}

export function barTemplate(scene: Scene): TemplateResult | typeof nothing {
  // An error that leaves nothing to draw takes this place for itself.
  if (scene.error && !scene.result) return nothing;
  return html`<div class="head">
      <div class="status" part="status">${statusLine(scene)}</div>
      ${switches(scene)}
    </div>
    <div class="bar" part="bar">${filters(scene)}</div>`;
}
