// What the page remembers of a reader between visits: how it looks and what it computes on. Nothing else.
import type { BackendChoice, Theme } from "./state.js";

const KEY = "mner-qg-settings";
const themes: readonly string[] = ["system", "light", "dark"];
const backends: readonly string[] = ["auto", "webgpu", "webgl", "wasm", "cpu"];

export interface Settings {
  readonly theme: Theme;
  readonly backend: BackendChoice;
}

const usualSettings: Settings = { theme: "system", backend: "auto" };

/** Storage may be forbidden, and what is in it may have been written by anyone. */
export function readSettings(): Settings {
  try {
    const { theme, backend } = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<
      Record<keyof Settings, unknown>
    >;
    return {
      theme: themes.includes(theme as string) ? (theme as Theme) : usualSettings.theme,
      backend: backends.includes(backend as string) ? (backend as BackendChoice) : usualSettings.backend,
    };
  } catch {
    return usualSettings;
  }
}

export function writeSettings({ theme, backend }: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ theme, backend }));
  } catch {
    // Then they hold for this visit only.
  }
}
