// The small shape that stands for a type.
import { html, type TemplateResult } from "lit";
import { setStyle } from "../set-style.js";
import { lookOf } from "../type-look.js";

export function glyph(type: string): TemplateResult {
  const look = lookOf(type);
  return html`<svg class="glyph" viewBox="0 0 10 10" aria-hidden="true" ${setStyle({ "--c": look.color })}><path d=${look.shape}></path></svg>`;
}
