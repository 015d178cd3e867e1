// A tweet with its names marked, small enough for a table: underline, tint and the type's sign, its name for those who listen.
import { html, type TemplateResult } from "lit";
import type { Entity } from "../../core/results.js";
import { setStyle } from "../../element/set-style.js";
import { en } from "../../element/strings/en.js";
import { glyph, styleOf } from "../../element/type-style.js";

/** Outer names win: the table shows each letter once; nesting is for looking at one tweet. */
export function outermost(entities: readonly Entity[]): Entity[] {
  const kept: Entity[] = [];
  for (const entity of [...entities].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (entity.start >= (kept.at(-1)?.end ?? 0)) kept.push(entity);
  }
  return kept;
}

export function markedText(text: string, entities: readonly Entity[]): TemplateResult {
  const pieces: (string | TemplateResult)[] = [];
  let at = 0;
  for (const { start, end, type } of outermost(entities)) {
    const name = en.types[type] ?? type;
    pieces.push(
      text.slice(at, start),
      html`<mark title=${name} ${setStyle({ "--c": styleOf(type).color })}>${glyph(type)}${text.slice(start, end)}<span class="quiet"> (${name})</span></mark>`,
    );
    at = end;
  }
  pieces.push(text.slice(at));
  return html`${pieces}`;
}
