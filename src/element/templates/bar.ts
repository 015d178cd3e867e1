// Below the photo: one line that says what was found or what is pointed at, and one row with the type filters and switches.
// Both keep their height in every state, so that the page around the tag does not jump.
import { html, nothing, type TemplateResult } from "lit";
import type { QueryResult } from "../../core/results.js";
import { on } from "../events.js";
import { placeWithFigure, type Scene } from "../scene.js";
import { glyph } from "../type-style.js";
import { isAmbiguous, type ShownEntity } from "../view.js";

/** Of a photo that says less about the text than chance would, this is said. */
const related = 0.5;

/** Counts names, not types: how many there are, how many the photo shows, and how many may be either of two. */
export function summary(scene: Pick<Scene, "localizer" | "view" | "result">): string {
  const { localizer, view, result } = scene;
  const { strings } = localizer;
  const total = view.entities.length;
  if (total === 0) return strings.noNames;
  const names = localizer.count(strings.names, total);
  if (!result?.image) return names;
  const found = view.entities.filter(({ region }) => region).length;
  const seen =
    found === total
      ? localizer.count(strings.seenAll, total, { names })
      : localizer.fill(found ? strings.seenSome : strings.seenNone, { names, count: localizer.figure(found) });
  const either = view.entities.filter(isAmbiguous);
  const people = either.every(({ type }) => type === "PER") ? strings.eitherPeople : strings.either;
  const parts = [seen, either.length > 0 && localizer.count(people, either.length)].filter(Boolean);
  const stop = strings.language.startsWith("zh") ? "。" : ".";
  const sentence = parts.join(stop === "." ? ", " : "，") + stop;
  return (result.relatedness ?? 1) < related ? `${sentence} ${strings.unrelated}` : sentence;
}

/** Two lines, whatever there is to say: who, and what is known of them, each figure beside what it is the figure of. */
function detail(scene: Scene, entities: readonly ShownEntity[]): TemplateResult {
  const { localizer } = scene;
  const first = entities[0]!;
  const percent = localizer.percent(first.score);
  const facts = [
    localizer.typeName(first.type),
    percent && `${localizer.strings.named} ${percent}`,
    placeWithFigure(scene, first),
  ];
  const names = localizer.join([...new Set(entities.map(({ text }) => text))]);
  return html`<span class="who">${glyph(first.type)}<b><bdi>${names}</bdi></b></span
    ><span class="facts">${facts.filter(Boolean).join(" · ")}</span>`;
}

function progressLine(scene: Scene): TemplateResult {
  const { phase, localizer } = scene;
  const fraction = phase.kind === "loading" ? phase.progress?.fraction : (phase as { fraction?: number }).fraction;
  const percent = fraction === undefined ? "" : localizer.percent(fraction);
  const words =
    phase.kind === "loading" ? localizer.fill(localizer.strings.loading, { percent }) : localizer.strings.analysing;
  return html`<span class="busy"
    ><progress part="progress" max="1" value=${fraction ?? nothing} aria-label=${words}></progress
    ><span aria-hidden="true">${words}</span></span
  >`;
}

const plain = (words: string): TemplateResult => html`<span class="said">${words}</span>`;

function statusLine(scene: Scene): TemplateResult | typeof nothing {
  const { phase, view, active, localizer } = scene;
  if (phase.kind === "loading" || phase.kind === "analysing") return progressLine(scene);
  if (scene.startShown) {
    return html`<button type="button" class="button primary" part="button start" @click=${on(scene.act.start)}>
      ${localizer.strings.start}
    </button>`;
  }
  if (!scene.result) return scene.waitingShown ? plain(localizer.strings.waiting) : nothing;
  const lit = view.entities.filter((entity) => active.has(entity.id));
  return lit.length ? detail(scene, lit) : plain(summary(scene));
}

/** What became of an own question, also when it found no name. */
function answer({ localizer, view, result }: Scene, { type, region }: QueryResult): TemplateResult {
  const { strings } = localizer;
  const names = [...new Set(view.entities.filter((entity) => entity.type === type).map(({ text }) => text))];
  const unnamed = result?.image ? (region ? strings.answerSeen : strings.answerNone) : strings.answerUnnamed;
  const wording = names.length ? strings.answerNamed : unnamed;
  const words = localizer.fill(wording, { type: localizer.typeName(type), names: localizer.join(names) });
  return html`<li>${glyph(type)}<bdi>${words}</bdi></li>`;
}

function filters(scene: Scene): TemplateResult | typeof nothing {
  const { view, localizer } = scene;
  if (view.types.length === 0) return nothing;
  return html`<div class="filters" role="group" aria-label=${localizer.strings.filter}>
    ${view.types.map(
      ({ type, count, hidden }) => html`<button
        type="button"
        class="filter"
        part="filter"
        aria-pressed=${!hidden}
        @click=${on(() => scene.act.toggleType(type))}
      >
        ${glyph(type)}<bdi>${localizer.typeName(type)}</bdi> <span class="count">${localizer.figure(count)}</span>
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
    @click=${on(click)}
  >
    ${words}
  </button>`;
}

function switches(scene: Scene): TemplateResult | typeof nothing {
  const { result, view, localizer, act } = scene;
  if (!result) return nothing;
  const hasWhy = result.queries.length > 0 || result.evidence;
  return html`<div class="switches">
    ${view.types.length ? toggle(localizer.strings.list, scene.listOpen, "list", act.toggleList) : nothing}
    ${hasWhy ? toggle(localizer.strings.why, scene.whyOpen, "why", act.toggleWhy) : nothing}
  </div>`;
}

export function barTemplate(scene: Scene): TemplateResult | typeof nothing {
  // An error that leaves nothing to draw takes this place for itself.
  if (scene.error && !scene.result) return nothing;
  const { answers } = scene.view;
  return html`<div class="head"><div class="status" part="status">${statusLine(scene)}</div></div>
    <div class="bar" part="bar">${filters(scene)}${switches(scene)}</div>
    ${
      answers.length
        ? html`<ul class="answers" part="answers">${answers.map((query) => answer(scene, query))}</ul>`
        : nothing
    }`;
}
