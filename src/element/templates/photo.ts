// The photo with its boxes: an SVG over the photo's own pixels, strokes that keep their width, labels laid out by the page.
import { html, nothing, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import type { Scene } from "../scene.js";
import { setStyle } from "../set-style.js";
import { messageOf } from "../strings/messages.js";
import { dashes, lookOf } from "../type-look.js";
import type { ShownBox } from "../view-model.js";
import { glyph } from "./glyph.js";

function isLit(scene: Scene, box: ShownBox): boolean {
  return box.entities.some((entity) => scene.active.has(entity.id));
}

function boxNames(scene: Scene, box: ShownBox): string {
  return scene.speaker.join([...new Set(box.entities.map((entity) => entity.text))]);
}

function boxTemplate(scene: Scene, box: ShownBox): SVGTemplateResult {
  const [x0, y0, x1, y1] = box.box;
  const look = lookOf(box.type);
  const { speaker } = scene;
  const here = scene.stop?.kind === "box" && scene.stop.box === box.id;
  const label = speaker.fill(speaker.strings.boxLabel, {
    names: boxNames(scene, box),
    type: speaker.typeName(box.type),
  });
  const rect = (kind: string, dash = "none"): SVGTemplateResult =>
    svg`<rect class=${kind} x=${x0} y=${y0} width=${x1 - x0} height=${y1 - y0} stroke-dasharray=${dash} vector-effect="non-scaling-stroke"></rect>`;
  return svg`<g
    class="box ${look.pattern === "double" ? "double" : ""} ${isLit(scene, box) ? "lit" : ""}"
    part="box box-${look.part}"
    role="button"
    tabindex=${here ? 0 : -1}
    data-box=${box.id}
    aria-label=${label}
    aria-pressed=${box.entities.some((entity) => entity.id === scene.pinned)}
    aria-describedby="hint"
    ${setStyle({ "--c": look.color })}
    @click=${() => scene.act.pinBox(box)}
  >${rect("halo")}${rect("contour")}${rect("line", dashes(look.pattern))}</g>`;
}

function labelTemplate(scene: Scene, box: ShownBox): TemplateResult {
  const look = lookOf(box.type);
  return html`<span
    class="label ${isLit(scene, box) ? "lit" : ""}"
    part="label label-${look.part}"
    data-label=${box.id}
    aria-hidden="true"
    ${setStyle({ "--c": look.color })}
    >${glyph(box.type)}<bdi>${boxNames(scene, box)}</bdi></span
  >`;
}

function picture(scene: Scene): TemplateResult {
  const { photo, speaker, size } = scene;
  const alt = scene.alt ?? speaker.strings.photo;
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
    @load=${scene.act.photoLoaded}
    @error=${scene.act.photoFailed}
  />`;
}

export function photoTemplate(scene: Scene): TemplateResult | typeof nothing {
  const { photo, view, size, speaker } = scene;
  if (!photo) return nothing;
  if (scene.photoError) {
    return html`<div class="frame failed" part="photo">
      ${scene.alt ? html`<p><b>${scene.alt}</b></p>` : nothing}
      <p>${messageOf(speaker, scene.photoError)}</p>
    </div>`;
  }
  const attention = scene.whyOpen ? scene.whyQuery?.attention : null;
  const dimmed = view.boxes.some((box) => isLit(scene, box));
  return html`<div class="frame" part="photo">
    ${picture(scene)}
    <div class="overlay ${dimmed ? "dimmed" : ""}" part="overlay">
      ${
        attention
          ? html`<canvas class="veil" part="attention" aria-hidden="true" width=${attention.columns} height=${attention.rows}></canvas>`
          : nothing
      }
      ${
        size && view.boxes.length
          ? html`<svg viewBox="0 0 ${size.width} ${size.height}" preserveAspectRatio="none">
              ${view.boxes.map((box) => boxTemplate(scene, box))}
            </svg>`
          : nothing
      }
      ${view.boxes.map((box) => labelTemplate(scene, box))}
    </div>
  </div>`;
}
