// The text with its spans. Between <p> and </p> there are only the text's own characters: the chips' letters come from CSS,
// so that neither copying nor a translation tool ever meets them.
import { html, nothing, type TemplateResult } from "lit";
import { on } from "../events.js";
import { placeOf, type Scene, seen } from "../scene.js";
import type { PlacedSpan, Run } from "../segment-text.js";
import { type Styles, setStyle } from "../set-style.js";
import { styleOf, underlineHeight, underlineImage } from "../type-style.js";
import type { ShownEntity } from "../view.js";

const laneStep = 5;

export function spanLabel(scene: Pick<Scene, "localizer" | "result">, entity: ShownEntity): string {
  const { localizer } = scene;
  const place = placeOf(scene, entity);
  const values = { name: entity.text, type: localizer.typeName(entity.type), place };
  return localizer.fill(place ? localizer.strings.spanLabel : localizer.strings.spanLabelNoPhoto, values);
}

/** Underlines of all spans over a run, as layers of one background: inner spans next to the letters, outer ones below. */
function runStyles(scene: Scene, run: Run, spans: readonly PlacedSpan[]): Styles {
  const entities = spans.map((span) => scene.view.entities[span.index]!);
  const inner = spans.at(-1)!;
  const lit = entities.findLast((entity) => scene.active.has(entity.id)) ?? entities.at(-1)!;
  const layers = spans.map((span, index) => {
    const style = styleOf(entities[index]!.type);
    const up = (span.lanes === 1 ? 0 : span.lane) * laneStep;
    return {
      image: underlineImage(style),
      size: `100% ${underlineHeight(style.pattern)}px`,
      at: `0 calc(100% - ${up}px)`,
    };
  });
  return {
    "--c": styleOf(lit.type).color,
    "background-image": layers.map((layer) => layer.image).join(),
    "background-size": layers.map((layer) => layer.size).join(),
    "background-position": layers.map((layer) => layer.at).join(),
    "padding-block-end": `${inner.lanes * laneStep - 2}px`,
    "border-start-start-radius": run.begins.length ? "3px" : "0",
    "border-start-end-radius": spans.some((span) => span.end === run.end) ? "3px" : "0",
  };
}

function chip(scene: Scene, entity: ShownEntity): TemplateResult {
  const style = styleOf(entity.type);
  const here = scene.stop?.kind === "span" && scene.stop.entity === entity.id;
  const kind = `chip ${seen(scene, entity) === false ? "hollow" : ""}`;
  return html`<button
    type="button"
    class=${kind}
    part="chip chip-${style.part}"
    data-entity=${entity.id}
    data-short=${scene.localizer.shortType(entity.type)}
    tabindex=${here ? 0 : -1}
    aria-label=${spanLabel(scene, entity)}
    aria-pressed=${scene.pinned === entity.id}
    aria-describedby="hint"
    ${setStyle({ "--c": style.color })}
    @click=${on(() => scene.act.pinEntity(entity.id))}
  ></button>`;
}

function runTemplate(scene: Scene, run: Run, index: number): TemplateResult | string {
  if (run.spans.length === 0) return run.text;
  const entities = run.spans.map((span) => scene.view.entities[span.index]!);
  const lit = entities.some((entity) => scene.active.has(entity.id));
  const parts = entities.map((entity) => `span-${styleOf(entity.type).part}`).join(" ");
  const chips = run.begins.length
    ? html`<span class="chips">${run.begins.map((span) => chip(scene, scene.view.entities[span.index]!))}</span>`
    : nothing;
  return html`<span
    class="run ${lit ? "lit" : ""}"
    part="span ${parts}${lit ? " span-active" : ""}"
    data-run=${index}
    ${setStyle(runStyles(scene, run, run.spans))}
    >${chips}${run.text}</span
  >`;
}

export function textTemplate(scene: Scene): TemplateResult {
  const { runs, lanes } = scene.segmentation;
  return html`<p
    class="text"
    part="text"
    dir="auto"
    ${setStyle({ "--lanes": String(Math.max(0, lanes - 1)) })}
    >${runs.map((run, index) => runTemplate(scene, run, index))}</p
  >`;
}
