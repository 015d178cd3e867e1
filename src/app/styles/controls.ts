// Buttons, fields and cards: one look for all parts of the page.
import { css } from "lit";

export const controls = css`
  :host {
    display: block;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p {
    margin: 0;
    text-wrap: pretty;
  }
  h2 {
    font-size: 1.0625rem;
    font-weight: 650;
    letter-spacing: -0.005em;
  }
  h2 label {
    font: inherit;
  }
  h3 {
    font-size: 0.9375rem;
    font-weight: 650;
  }
  a {
    color: inherit;
    text-underline-offset: 0.2em;
  }
  :focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }
  .card {
    padding: 1.25rem;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--card);
  }
  .soft {
    color: var(--soft);
  }
  .small {
    font-size: 0.875rem;
  }
  .bad {
    color: var(--bad);
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem;
  }
  .spread {
    justify-content: space-between;
  }
  .quiet {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.45em;
    min-block-size: 2.25rem;
    margin: 0;
    padding: 0.25em 0.95em;
    font: inherit;
    font-size: 0.9375rem;
    font-weight: 500;
    color: var(--ink);
    text-decoration: none;
    background: var(--card);
    border: 1px solid var(--edge);
    border-radius: 999px;
    cursor: pointer;
    transition:
      background-color 0.15s,
      border-color 0.15s;
  }
  button:hover:not(:disabled),
  .button:hover {
    background: var(--sunken);
  }
  button.primary {
    color: var(--paper);
    background: var(--ink);
    border-color: var(--ink);
  }
  button.primary:hover:not(:disabled) {
    background: color-mix(in srgb, var(--ink) 86%, var(--paper));
  }
  button.bare {
    padding-inline: 0.6em;
    color: var(--soft);
    background: none;
    border-color: transparent;
  }
  button.bare:hover:not(:disabled) {
    color: var(--ink);
    background: var(--sunken);
  }
  button:disabled {
    color: var(--soft);
    border-color: var(--line);
    background: none;
    cursor: default;
  }
  button svg,
  .button svg {
    flex: none;
    inline-size: 1.15em;
    block-size: 1.15em;
  }
  label {
    font-size: 0.9375rem;
    font-weight: 500;
  }
  input:not([type="range"], [type="checkbox"], [type="radio"]),
  select,
  textarea {
    inline-size: 100%;
    min-block-size: 2.25rem;
    padding: 0.4em 0.75em;
    font: inherit;
    font-size: 1rem;
    color: var(--ink);
    background: var(--card);
    border: 1px solid var(--edge);
    border-radius: 10px;
  }
  textarea {
    padding: 0.65em 0.85em;
    line-height: 1.5;
    resize: vertical;
  }
  ::placeholder {
    color: var(--soft);
    opacity: 1;
  }
  input[type="checkbox"],
  input[type="radio"],
  input[type="range"] {
    accent-color: var(--ink);
  }
  progress {
    appearance: none;
    inline-size: 100%;
    block-size: 6px;
    border: 0;
    border-radius: 3px;
    overflow: hidden;
    background: var(--line);
    color: var(--ink);
  }
  progress::-webkit-progress-bar {
    background: var(--line);
  }
  progress::-webkit-progress-value {
    background: var(--ink);
    border-radius: 3px;
  }
  progress::-moz-progress-bar {
    background: var(--ink);
  }
  summary {
    display: flex;
    align-items: center;
    gap: 0.5em;
    inline-size: fit-content;
    min-block-size: 2rem;
    cursor: pointer;
    font-size: 0.9375rem;
    font-weight: 500;
    border-radius: 6px;
    list-style: none;
  }
  summary::-webkit-details-marker {
    display: none;
  }
  summary::before {
    content: "";
    inline-size: 0.42em;
    block-size: 0.42em;
    margin-inline: 0.1em 0.2em;
    border: solid currentColor;
    border-width: 0 1.6px 1.6px 0;
    transform: rotate(-45deg);
    transition: transform 0.15s;
  }
  details[open] > summary::before {
    transform: rotate(45deg) translate(-10%, -10%);
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
`;
