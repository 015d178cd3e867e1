// The "why" view: for each type one sentence and two figures, and what the system looked at, drawn from plain data of every
// kind. Fetched when a reader opens it.
import { css, html, nothing, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import type { AnalysisResult, Attention, Box, Evidence, QueryResult } from "../core/results.js";
import { checkAttention, checkEvidence, checkKind } from "./check-evidence.js";
import { on } from "./events.js";
import type { Scene } from "./scene.js";
import { setStyle } from "./set-style.js";
import { enWhy } from "./strings/en-why.js";
import type { Strings } from "./strings/strings.js";
import { glyph, styleOf } from "./type-style.js";

const yes = 0.5;
/** More than a reader compares; what is weaker says little. */
const mostClues = 8;
const mostEdges = 12;

/** All words, English where a translation is missing. */
const wordsOf = ({ localizer }: Scene): Omit<Strings, "errors"> => ({ ...enWhy, ...localizer.strings });

/** Evidence as it may be drawn; read once a result. */
const checked = new WeakMap<object, Evidence | null>();

function evidenceOf({ result }: Scene): Evidence | null {
  const given = result?.evidence;
  if (!given) return null;
  if (!checked.has(given)) checked.set(given, checkEvidence(given, result.entities.length));
  return checked.get(given)!;
}

const share = (value: number): string => `${100 * Math.min(1, Math.max(0, value || 0))}%`;

/** A labelled bar with its figure in words; nothing where the figure is unknown. */
function bar({ localizer }: Scene, label: string, value: number | null | undefined): TemplateResult | typeof nothing {
  const percent = localizer.percent(value ?? Number.NaN);
  if (!percent) return nothing;
  return html`<span class="measure"
    ><span class="label-of">${label}</span
    ><span class="meter" aria-hidden="true"><span ${setStyle({ "inline-size": share(value!) })}></span></span
    ><span class="figure">${percent}</span></span
  >`;
}

/** Whether questions have places at all: other systems look at the photo as a whole, or give places to names. */
const placesQueries = (scene: Scene): boolean =>
  Boolean(scene.result?.image) && (evidenceOf(scene)?.kind ?? "queries") === "queries";

function sentence(scene: Scene, { exists, notInPhoto }: QueryResult): string {
  const strings = wordsOf(scene);
  const named = exists >= yes;
  if (!placesQueries(scene)) return named ? strings.whyNamedOnly : strings.whyNoneOnly;
  if (notInPhoto < yes) return named ? strings.whyNamedSeen : strings.whySeen;
  return named ? strings.whyNamed : strings.whyNone;
}

function queryTemplate(scene: Scene, query: QueryResult): TemplateResult {
  const { localizer } = scene;
  return html`<li>
    <button
      type="button"
      class="query"
      part="query"
      aria-pressed=${scene.whyQuery === query}
      ${setStyle({ "--c": styleOf(query.type).color })}
      @click=${on(() => scene.act.chooseQuery(query.type))}
    >
      <span class="asked">${glyph(query.type)}<b><bdi>${localizer.typeName(query.type)}</bdi></b> ${sentence(scene, query)}</span>
      ${bar(scene, localizer.strings.named, query.exists)}
      ${placesQueries(scene) ? bar(scene, localizer.strings.inPhoto, 1 - query.notInPhoto) : nothing}
    </button>
  </li>`;
}

// What was looked at

type Of<Kind extends Evidence["kind"]> = Extract<Evidence, { readonly kind: Kind }>;

const nameAt = (scene: Scene, index: number): string => scene.result?.entities[index]?.text ?? "";

function gates(scene: Scene, { entities }: Of<"gate">): TemplateResult {
  return html`<ul class="clues">
    ${entities.map((gate, index) => html`<li>${bar(scene, nameAt(scene, index), gate)}</li>`)}
  </ul>`;
}

/** The name that is pointed at or pinned, else the first that has a map. */
function chosenName(scene: Scene, { entities }: Of<"heat">): number {
  const lit = scene.view.entities.find(({ id, index }) => scene.active.has(id) && entities[index]);
  return lit?.index ?? entities.findIndex((map) => map !== null);
}

function heat(scene: Scene, evidence: Of<"heat">): TemplateResult {
  const chosen = chosenName(scene, evidence);
  return html`<div class="names">
    ${scene.view.entities
      .filter(({ index }) => evidence.entities[index])
      .map(
        ({ id, index, text }) => html`<button
          type="button"
          class="button"
          aria-pressed=${index === chosen}
          @click=${on(() => scene.act.pinEntity(id))}
        >
          <bdi>${text}</bdi>
        </button>`,
      )}
  </div>`;
}

/** Names on the left, places on the right, lines as thick as they are strong; the same again as a list. */
function graph(scene: Scene, { nodes, entities }: Of<"graph">): TemplateResult {
  const step = 30;
  const height = Math.max(entities.length, nodes.length, 1) * step;
  const at = (index: number, count: number): number => ((index + 0.5) * height) / Math.max(1, count);
  const edges = entities.flatMap((weights, from) => weights.map((weight, to) => ({ from, to, weight })));
  const strongest = edges
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, mostEdges);
  const most = strongest[0]?.weight ?? 1;
  const node = (index: number): string => `${index + 1} ${nodes[index]?.label ?? ""}`.trim();
  return html`<svg class="graph" viewBox="0 0 320 ${height}" aria-hidden="true">
      ${strongest.map(
        ({ from, to, weight }) =>
          svg`<line x1="130" x2="200" y1=${at(from, entities.length)} y2=${at(to, nodes.length)} stroke-width=${0.5 + (5 * weight) / most}></line>`,
      )}
      ${entities.map((_, index) => svg`<text x="124" y=${at(index, entities.length) + 4} text-anchor="end">${nameAt(scene, index).slice(0, 18)}</text>`)}
      ${nodes.map((_, index) => svg`<text x="206" y=${at(index, nodes.length) + 4}>${node(index).slice(0, 18)}</text>`)}
    </svg>
    <ul class="quiet">
      ${strongest.map(({ from, to, weight }) => html`<li>${nameAt(scene, from)} – ${node(to)}: ${scene.localizer.percent(weight)}</li>`)}
    </ul>`;
}

function clueList(scene: Scene, { clues }: Of<"clues">): TemplateResult {
  const strongest = [...clues].sort((a, b) => b.weight - a.weight).slice(0, mostClues);
  return html`<ul class="clues">
    ${strongest.map(({ text, weight }) => html`<li>${bar(scene, text, weight)}</li>`)}
  </ul>`;
}

/** The surest first; those that found nothing are many, and only counted by their absence. */
function slotList(scene: Scene, { slots }: Of<"slots">): TemplateResult {
  const { localizer } = scene;
  const found = slots.filter(({ entity }) => entity !== null).sort((a, b) => b.score - a.score);
  return html`<ul class="slots">
    ${found.map(({ entity, score }) => {
      const { type, region } = scene.result!.entities[entity!]!;
      const place = scene.result!.image
        ? ` · ${region ? localizer.strings.inPhoto : localizer.strings.notInPhoto}`
        : "";
      return html`<li>
        ${glyph(type)}<b><bdi>${nameAt(scene, entity!)}</bdi></b> ${localizer.typeName(type)} · ${localizer.percent(score)}${place}
      </li>`;
    })}
    ${found.length === 0 ? html`<li>${wordsOf(scene).noName}</li>` : nothing}
  </ul>`;
}

function evidenceTemplate(scene: Scene, evidence: Evidence): TemplateResult | typeof nothing {
  if (evidence.kind === "queries") return nothing;
  const drawn = { gate: gates, heat, graph, clues: clueList, slots: slotList }[evidence.kind] as (
    scene: Scene,
    evidence: Evidence,
  ) => TemplateResult;
  return html`<div class="evidence" part="evidence">
    <p class="heading">${wordsOf(scene).evidence[evidence.kind]}</p>
    ${drawn(scene, evidence)}
  </div>`;
}

/** Of the picture itself: what it is, and whether it belongs here. */
function pictureFacts(scene: Scene, { relatedness, imageKind }: AnalysisResult): TemplateResult | typeof nothing {
  const kind = checkKind(imageKind);
  if (relatedness == null && !kind) return nothing;
  const strings = wordsOf(scene);
  return html`<div class="picture">
    ${kind ? html`<p>${strings.kinds[kind.kind]}</p>` : nothing} ${bar(scene, strings.related, relatedness)}
  </div>`;
}

export function whyTemplate(scene: Scene): TemplateResult | typeof nothing {
  const { result } = scene;
  if (!result) return nothing;
  const evidence = evidenceOf(scene);
  return html`<div id="why" class="why" part="why">
    ${result.image ? pictureFacts(scene, result) : nothing}
    ${evidence ? evidenceTemplate(scene, evidence) : nothing}
    ${result.queries.length ? html`<ul>${result.queries.map((query) => queryTemplate(scene, query))}</ul>` : nothing}
  </div>`;
}

// Over the photo

function attentionOf(scene: Scene): Attention | null {
  const evidence = evidenceOf(scene);
  if (evidence?.kind === "heat") return evidence.entities[chosenName(scene, evidence)] ?? null;
  return checkAttention(scene.whyQuery?.attention);
}

export function veilTemplate(scene: Scene): TemplateResult | typeof nothing {
  const attention = attentionOf(scene);
  return attention
    ? html`<canvas class="veil" part="attention" aria-hidden="true" width=${attention.columns} height=${attention.rows}></canvas>`
    : nothing;
}

/** Opacity of the veil over each cell, 0 to 255: none where the query looked most. */
export function veil(attention: Attention): Uint8ClampedArray {
  const most = Math.max(...attention.cells, Number.MIN_VALUE);
  return Uint8ClampedArray.from(attention.cells, (cell) => 185 * (1 - Math.sqrt(cell / most)));
}

/** Draws the attention as a veil: dark where the query did not look. */
export function paintVeil(root: ParentNode, scene: Scene): void {
  const attention = attentionOf(scene);
  const context = root.querySelector<HTMLCanvasElement>(".veil")?.getContext("2d");
  if (!context || !attention) return;
  const pixels = context.createImageData(attention.columns, attention.rows);
  for (const [cell, opacity] of veil(attention).entries()) pixels.data.set([8, 10, 14, opacity], cell * 4);
  context.putImageData(pixels, 0, 0);
}

const outlined = (evidence: Evidence | null): readonly Box[] =>
  evidence?.kind === "graph" ? evidence.nodes.map(({ region }) => region.box) : [];

/** The places that the evidence speaks of, with their numbers. */
export function outlineTemplate(scene: Scene): TemplateResult | typeof nothing {
  const { size } = scene;
  const boxes = outlined(evidenceOf(scene));
  if (!size || boxes.length === 0) return nothing;
  const letter = Math.max(size.width, size.height) / 22;
  const outline = ([x0, y0, x1, y1]: Box, index: number): SVGTemplateResult =>
    svg`<rect x=${x0} y=${y0} width=${x1 - x0} height=${y1 - y0} vector-effect="non-scaling-stroke"></rect>
      <text x=${x0 + letter * 0.3} y=${y1 - letter * 0.35} font-size=${letter}>${index + 1}</text>`;
  return html`<svg class="outlines" aria-hidden="true" viewBox="0 0 ${size.width} ${size.height}" preserveAspectRatio="none">
    ${boxes.map(outline)}
  </svg>`;
}

export const whyStyles = css`
  .why {
    margin-block-start: 0.6rem;
  }
  .why > ul {
    margin: 0;
  }
  .picture,
  .evidence {
    padding: 0.5em 0.4em;
    border-block-start: 1px solid var(--_line);
  }
  .picture p,
  .evidence p {
    margin: 0 0 0.3em;
  }
  .heading {
    color: var(--_muted);
  }
  .query {
    display: grid;
    gap: 0.2em;
    inline-size: 100%;
    padding: 0.5em 0.4em;
  }
  .query:hover,
  .query[aria-pressed="true"] {
    background: color-mix(in srgb, var(--c) 10%, transparent);
  }
  .asked .glyph {
    margin-inline-end: 0.45em;
  }
  .asked b,
  .slots b {
    color: var(--mner-qg-text, currentColor);
    font-weight: 650;
  }
  .measure {
    display: grid;
    grid-template-columns: minmax(6.5em, 0.6fr) 1fr 3em;
    align-items: center;
    gap: 0.6em;
    color: var(--_muted);
  }
  .figure {
    text-align: end;
    font-variant-numeric: tabular-nums;
  }
  .meter {
    display: block;
    block-size: 5px;
    border-radius: 3px;
    overflow: hidden;
    background: var(--_line);
  }
  .meter > span {
    display: block;
    block-size: 100%;
    background: var(--c, currentColor);
  }
  .evidence ul:not(.quiet) {
    margin: 0;
    border: 0;
  }
  .evidence li {
    border: 0;
  }
  .names {
    display: flex;
    flex-wrap: wrap;
    gap: 0.4rem;
  }
  .names .button[aria-pressed="true"] {
    background: var(--_wash);
    border-color: currentColor;
  }
  .graph {
    display: block;
    inline-size: min(100%, 26rem);
    font-size: 13px;
    fill: currentColor;
  }
  .graph line {
    stroke: currentColor;
    opacity: 0.55;
  }
  .slots .glyph {
    margin-inline-end: 0.45em;
  }
  .outlines rect {
    fill: none;
    stroke: #fff;
    stroke-width: 2px;
    stroke-dasharray: 3 3;
    filter: drop-shadow(0 0 1px #000);
  }
  .outlines text {
    font-family: system-ui, sans-serif;
    font-weight: 700;
    fill: #fff;
    stroke: #000;
    stroke-width: 0.18em;
    paint-order: stroke;
  }
  @media (forced-colors: active) {
    .query[aria-pressed="true"] {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
    .meter {
      border: 1px solid CanvasText;
    }
    .meter > span {
      forced-color-adjust: none;
      background: CanvasText;
    }
  }
`;
