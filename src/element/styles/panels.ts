// Status line, filters, list, "why" view and messages.

const css = String.raw;

export const panelStyles = css`
  .below {
    font-size: max(0.8125em, 13px);
    line-height: 1.45;
  }
  .head {
    display: flex;
    align-items: center;
    gap: 0.75rem;
    min-block-size: 3.5em;
    padding-block-start: 0.2em;
  }
  .status {
    flex: 1;
    min-inline-size: 0;
  }
  .who,
  .facts {
    display: block;
    overflow: hidden;
    white-space: nowrap;
    text-overflow: ellipsis;
  }
  /* One long line must not widen a tag that stands in a grid or a flex box of the page. */
  .status > .who,
  .status > .facts {
    contain: inline-size;
  }
  .said,
  .facts,
  .busy {
    color: var(--_muted);
  }
  .who .glyph,
  .answers .glyph {
    margin-inline-end: 0.45em;
  }
  .who b {
    color: var(--mner-qg-text, currentColor);
    font-weight: 650;
  }
  .busy {
    display: flex;
    align-items: center;
    gap: 0.75em;
    inline-size: 100%;
  }
  progress {
    flex: 0 1 9rem;
    accent-color: var(--_org);
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.4rem;
    min-block-size: 30px;
  }
  .switches {
    margin-inline-start: auto;
  }
  .filters,
  .switches {
    display: flex;
    flex-wrap: wrap;
    gap: 0.4rem;
  }
  .filter,
  .button {
    display: inline-flex;
    align-items: center;
    gap: 0.45em;
    min-block-size: 28px;
    padding: 0.15em 0.8em;
    border: 1px solid var(--_line);
    border-radius: 999px;
  }
  .filter {
    max-inline-size: 16em;
    background: var(--_wash);
  }
  .filter bdi {
    overflow: hidden;
    white-space: nowrap;
    text-overflow: ellipsis;
  }
  .filter .count {
    color: var(--_muted);
    font-variant-numeric: tabular-nums;
  }
  .filter[aria-pressed="false"] {
    background: none;
    border-style: dashed;
    color: var(--_muted);
    text-decoration: line-through;
  }
  .filter[aria-pressed="false"] .glyph {
    fill: none;
    stroke: var(--c);
    stroke-width: 1.2px;
    overflow: visible;
  }
  .filter:hover,
  .button:hover {
    border-color: currentColor;
  }
  .button[aria-expanded="true"] {
    background: var(--_wash);
    border-color: currentColor;
  }
  .primary {
    padding-inline: 1.1em;
    border-color: currentColor;
    font-weight: 600;
    color: var(--mner-qg-text, currentColor);
  }
  ul {
    list-style: none;
    margin: 0.4rem 0 0;
    padding: 0;
    border-block-start: 1px solid var(--_line);
  }
  ul[hidden] {
    display: none;
  }
  li {
    border-block-end: 1px solid var(--_line);
  }
  .item {
    inline-size: 100%;
    padding: 0.5em 0.4em;
  }
  .item {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr) auto;
    align-items: baseline;
    gap: 0 0.6em;
  }
  .item .name {
    font-weight: 650;
    overflow-wrap: anywhere;
  }
  .item .type,
  .item .sure {
    color: var(--_muted);
  }
  .item .type {
    text-align: end;
  }
  .item .place {
    grid-column: 2;
  }
  .item .sure {
    text-align: end;
    font-variant-numeric: tabular-nums;
  }
  .item .place.absent {
    font-style: italic;
    color: var(--_muted);
  }
  .item:hover,
  .item.lit {
    background: color-mix(in srgb, var(--c) 10%, transparent);
  }
  .answers,
  .answers li {
    border: 0;
  }
  .error,
  .notice {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.4em 0.7em;
    margin: 0.5rem 0 0;
    padding: 0.65em 0.85em;
    border: 1px solid var(--_line);
    border-inline-start: 3px solid var(--_per);
    border-radius: 4px;
    background: var(--_wash);
  }
  .error p {
    flex: 1 1 12rem;
    margin: 0;
    overflow-wrap: anywhere;
  }
  .notice {
    border-inline-start-color: var(--_line);
    color: var(--_muted);
  }
  @media (forced-colors: active) {
    .filter[aria-pressed="true"],
    .button[aria-expanded="true"] {
      border-width: 2px;
    }
    .item.lit {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
  /* Paper has no buttons: it gets the whole list instead. */
  @media print {
    .bar,
    .switches,
    .busy,
    .primary,
    .error .button {
      display: none;
    }
    ul.list[hidden] {
      display: block;
    }
    li {
      break-inside: avoid;
    }
  }
`;
