// The few drawings of the page, on a 20 × 20 field, in the colour of the words beside them.
import { html, svg, type TemplateResult } from "lit";

const draw = (path: string): TemplateResult =>
  html`<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${svg`<path d=${path}></path>`}</svg>`;

export const icons = {
  photo: draw("M3.5 4.5h13v11h-13zM3.5 13l3.6-3.6 3 3 2-2 4.4 4.4M12.6 7.6h.01"),
  camera: draw("M7 5.5 8 4h4l1 1.5h3.5v10h-13v-10zM10 13a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2z"),
  close: draw("M5.5 5.5l9 9m0-9l-9 9"),
  plus: draw("M10 4.5v11M4.5 10h11"),
  check: draw("M4.5 10.5l3.7 3.7 7.3-8"),
  save: draw("M10 3.5v9m-3.5-3.5L10 12.5 13.5 9M4 16.5h12"),
  link: draw(
    "M8.5 11.5a3 3 0 0 0 4.3 0l2.4-2.4a3 3 0 0 0-4.3-4.3l-.9.9m1.5 2.8a3 3 0 0 0-4.3 0l-2.4 2.4a3 3 0 0 0 4.3 4.3l.9-.9",
  ),
  system: draw("M3.5 4.5h13v8.5h-13zM7.5 16h5M10 13v3"),
  light: draw(
    "M10 13.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM10 2.5v1.6m0 11.8v1.6M2.5 10h1.6m11.8 0h1.6M4.7 4.7l1.1 1.1m8.4 8.4 1.1 1.1m0-10.6-1.1 1.1m-8.4 8.4-1.1 1.1",
  ),
  dark: draw("M16 11.8A6.5 6.5 0 0 1 8.2 4a6.5 6.5 0 1 0 7.8 7.8z"),
  table: draw("M3.5 4.5h13v11h-13zM3.5 8.2h13M3.5 11.9h13M8 8.2v7.3"),
  folder: draw("M3.5 5h4.3l1.6 2h7.1v8.5h-13z"),
  install: draw("M5 13v3h10v-3M10 3.5v8.5m-3-3 3 3 3-3"),
  play: draw("M6.5 4.5l9 5.5-9 5.5z"),
  stop: draw("M5.5 5.5h9v9h-9z"),
} as const;
