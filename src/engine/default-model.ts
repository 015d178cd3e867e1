// Where the model is that comes with the script.

declare const __MNER_QG_MODEL__: string | undefined;

/** The package's build says where its script lies; the demo's chunks lie in a folder; Vite's server has `public/` at its root. */
const PLACE = import.meta.env.DEV
  ? "/models/mner-qg-mini/"
  : typeof __MNER_QG_MODEL__ === "string"
    ? __MNER_QG_MODEL__
    : "../models/mner-qg-mini/";

export function defaultModel(): string {
  return new URL(PLACE, import.meta.url).href;
}
