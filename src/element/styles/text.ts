// Spans over the text. Chips float in the space between the lines, so that the text keeps its place when results come.

const css = String.raw;

export const textStyles = css`
  .text {
    grid-area: text;
    position: relative;
    margin: 0;
    padding-block: 0.4em calc(var(--lanes, 0) * 5px);
    line-height: calc(var(--mner-qg-line-height, 2) * 1em + var(--lanes, 0) * 5px);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    unicode-bidi: isolate;
  }
  .run {
    position: relative;
    cursor: pointer;
    background-color: color-mix(in srgb, var(--c) 9%, transparent);
    background-repeat: no-repeat;
  }
  .run.lit {
    background-color: color-mix(in srgb, var(--c) 26%, transparent);
  }
  .chips {
    position: absolute;
    inset-block-start: -0.02em;
    /* Its foot a little above the letters' tops, whatever the font. */
    translate: var(--shift, 0) -100%;
    inset-inline-start: 0;
    display: flex;
    gap: 2px;
    line-height: 1;
    white-space: nowrap;
    user-select: none;
    -webkit-user-select: none;
  }
  .chip {
    display: block;
    position: relative;
    block-size: 1.25em;
    padding: 0.08em 0.42em 0;
    border-radius: 3px;
    font: 650 max(0.56em, 9px) / 1.25 var(--mner-qg-chip-font, system-ui, sans-serif);
    letter-spacing: 0.04em;
    color: var(--_on-ink);
    background: var(--c);
    user-select: none;
    -webkit-user-select: none;
  }
  .chip::before {
    content: attr(data-short);
  }
  /* A larger place to hit than to see. */
  .chip::after {
    content: "";
    position: absolute;
    inset: -4px -2px;
  }
  .chip.hollow {
    color: var(--c);
    background: none;
    box-shadow: inset 0 0 0 1px var(--c);
  }
  .chip.dot {
    inline-size: 8px;
    block-size: 8px;
    margin-block-start: 3px;
    padding: 0;
    border-radius: 50%;
  }
  .chip.dot::before {
    content: none;
  }
  .chip:focus-visible {
    outline-color: var(--mner-qg-focus, var(--c));
    outline-offset: 1px;
  }
  @media (forced-colors: active) {
    .run {
      forced-color-adjust: none;
      background-color: Canvas;
      color: CanvasText;
    }
    .run.lit {
      background-color: Highlight;
      color: HighlightText;
    }
    .chip,
    .chip.hollow {
      forced-color-adjust: none;
      color: ButtonText;
      background: ButtonFace;
      box-shadow: inset 0 0 0 1px ButtonText;
    }
    .chip.hollow {
      box-shadow: none;
    }
  }
  @media print {
    .run,
    .chip {
      print-color-adjust: exact;
    }
  }
`;
