// The photo with its boxes: an SVG over the photo's own pixels, strokes that keep their width, labels laid out by the page.
import { html, nothing, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import { on } from "../events.js";
import type { Scene } from "../scene.js";
import { setStyle } from "../set-style.js";
import { messageOf } from "../strings/localize.js";
import { dashes, glyph, styleOf } from "../type-style.js";
import { isAmbiguous, type ShownBox } from "../view.js";

function isLit(scene: Scene, box: ShownBox): boolean {
  return box.entities.some((entity) => scene.active.has(entity.id));
}

/** Names that share a place are joined; of names that may be here or elsewhere it is one. */
export function boxNames({ localizer }: Pick<Scene, "localizer">, { entities, type }: ShownBox): string {
  const names = [...new Set(entities.map(({ text }) => text))];
  if (names.length === 0) return localizer.typeName(type);
  return entities.every(isAmbiguous) ? `${localizer.either(names)}?` : localizer.join(names);
}

function boxLabel(scene: Scene, box: ShownBox): string {
  const { localizer } = scene;
  const { boxLabel, boxEither, boxUnnamed } = localizer.strings;
  const wording = box.entities.length === 0 ? boxUnnamed : box.entities.every(isAmbiguous) ? boxEither : boxLabel;
  const values = { type: localizer.typeName(box.type), percent: localizer.percent(box.score) };
  const words = localizer.fill(wording, { ...values, names: boxNames(scene, box) });
  return values.percent ? words : words.replace(/[,，]\s*$/, "");
}

function boxTemplate(scene: Scene, box: ShownBox): SVGTemplateResult {
  const [x0, y0, x1, y1] = box.box;
  const style = styleOf(box.type);
  const here = scene.stop?.kind === "box" && scene.stop.box === box.id;
  const rect = (kind: string, dash = "none"): SVGTemplateResult =>
    svg`<rect class=${kind} x=${x0} y=${y0} width=${x1 - x0} height=${y1 - y0} stroke-dasharray=${dash} vector-effect="non-scaling-stroke"></rect>`;
  return svg`<g
    class="box ${style.pattern === "double" ? "double" : ""} ${box.unsure ? "unsure" : ""} ${isLit(scene, box) ? "lit" : ""}"
    part="box box-${style.part}"
    role="button"
    tabindex=${here ? 0 : -1}
    data-box=${box.id}
    aria-label=${boxLabel(scene, box)}
    aria-pressed=${box.entities.some((entity) => entity.id === scene.pinned)}
    aria-describedby="hint"
    ${setStyle({ "--c": style.color })}
    @click=${on(() => scene.act.pinBox(box))}
  >${rect("halo")}${rect("contour")}${rect("line", dashes(style.pattern))}</g>`;
}

function labelTemplate(scene: Scene, box: ShownBox): TemplateResult {
  const percent = scene.localizer.percent(box.score);
  const style = styleOf(box.type);
  return html`<span
    class="label ${isLit(scene, box) ? "lit" : ""}"
    part="label label-${style.part}"
    data-label=${box.id}
    aria-hidden="true"
    ${setStyle({ "--c": style.color })}
    >${[...new Set(box.entities.map(({ type }) => type)), ...(box.entities.length ? [] : [box.type])].map(glyph)}<bdi>${boxNames(scene, box)}</bdi
    >${percent && html`<span class="figure">${percent}</span>`}</span
  >`;
}

function picture(scene: Scene): TemplateResult {
  const { photo, localizer, size } = scene;
  const alt = scene.alt ?? localizer.strings.photo;
  const room = setStyle(
    size ? { "--photo-width": `${size.width}px`, "--photo-ratio": String(size.width / size.height) } : {},
  );
  if (photo?.kind === "pixels") {
    return html`<canvas part="image" role="img" aria-label=${alt} width=${photo.width} height=${photo.height} ${room}></canvas>`;
  }
  return html`<img
    part="image"
    src=${photo?.url ?? ""}
    alt=${alt}
    crossorigin=${photo?.crossOrigin ?? nothing}
    width=${size?.width ?? nothing}
    height=${size?.height ?? nothing}
    loading="lazy"
    decoding="async"
    ${room}
    @load=${on(scene.act.photoLoaded)}
    @error=${on(scene.act.photoFailed)}
  />`;
}

export function photoTemplate(scene: Scene, why: typeof import("../why.js") | null): TemplateResult | typeof nothing {
  const { photo, view, size, localizer } = scene;
  if (!photo) return nothing;
  if (scene.photoError) {
    return html`<div class="frame failed" part="photo">
      ${scene.alt ? html`<p><b>${scene.alt}</b></p>` : nothing}
      <p>${messageOf(localizer, scene.photoError)}</p>
    </div>`;
  }
  const isWhy = scene.whyOpen && why !== null;
  const dimmed = view.boxes.some((box) => isLit(scene, box));
  return html`<div class="frame" part="photo">
    ${picture(scene)}
    <div class="overlay ${dimmed ? "dimmed" : ""}" part="overlay">
      ${isWhy ? why.veilTemplate(scene) : nothing}
      ${
        size && view.boxes.length
          ? html`<svg viewBox="0 0 ${size.width} ${size.height}" preserveAspectRatio="none">
              ${view.boxes.map((box) => boxTemplate(scene, box))}
            </svg>`
          : nothing
      }
      ${isWhy ? why.outlineTemplate(scene) : nothing}
      ${view.boxes.map((box) => labelTemplate(scene, box))}
    </div>
  </div>`;
}
