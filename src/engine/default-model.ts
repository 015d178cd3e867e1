// Where the model is that comes with the script.

/** Built, the engine's chunks lie one folder below the script; in development Vite serves `public/` at the root. */
export function defaultModel(): string {
  return new URL(import.meta.env.DEV ? "/models/mner-qg-mini/" : "../models/mner-qg-mini/", import.meta.url).href;
}
