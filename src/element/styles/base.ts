// The frame of the tag: custom properties, layout, type colours. Neutral tones are mixed from the article's own text colour,
// so the tag sits on any background.
import { forcedInks, inkSheet } from "../palette.js";

/** Plain text: the sheets of a tag are put together to one. */
const css = String.raw;

export const baseStyles = css`
  ${inkSheet}
  :host {
    --_muted: var(--mner-qg-muted, color-mix(in srgb, currentColor 72%, transparent));
    --_line: var(--mner-qg-line, color-mix(in srgb, currentColor 20%, transparent));
    --_wash: var(--mner-qg-wash, color-mix(in srgb, currentColor 6%, transparent));
    --_radius: var(--mner-qg-radius, 8px);
    display: block;
    position: relative;
    font: inherit;
    text-align: start;
  }
  :host([hidden]) {
    display: none;
  }
  * {
    box-sizing: border-box;
  }
  .layout[data-wide]:not(.plain) {
    display: grid;
    grid-template: "text photo" auto "below photo" 1fr / minmax(0, 1fr) minmax(0, 1.1fr);
    column-gap: var(--mner-qg-gap, 2rem);
  }
  .looking {
    grid-area: photo;
    margin-block-start: 0.4rem;
  }
  .below {
    grid-area: below;
  }
  .plain .looking {
    margin: 0;
  }
  .quiet {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .glyph {
    flex: none;
    inline-size: 0.7em;
    block-size: 0.7em;
    fill: var(--c, currentColor);
  }
  button {
    font: inherit;
    color: inherit;
    letter-spacing: inherit;
    text-align: start;
    background: none;
    border: 0;
    margin: 0;
    padding: 0;
    cursor: pointer;
  }
  :focus-visible {
    outline: 2px solid var(--mner-qg-focus, currentColor);
    outline-offset: 2px;
  }
  @media (forced-colors: active) {
    :host {
      ${forcedInks}
    }
    .glyph {
      fill: CanvasText;
    }
  }
`;
