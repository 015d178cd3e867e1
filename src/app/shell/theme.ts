// Light, dark, or as the system says: an attribute on the page that the style sheet reads.
import type { App } from "../app.js";
import type { Theme } from "../state/state.js";

export const themeNames: Readonly<Record<Theme, string>> = { system: "as the system", light: "light", dark: "dark" };

const order: readonly Theme[] = ["system", "light", "dark"];

export function nextTheme(theme: Theme): Theme {
  return order[(order.indexOf(theme) + 1) % order.length]!;
}

/** Colours of the window's frame, when the app is installed; those of --paper. */
const frames = { light: "#faf9f6", dark: "#131417" } as const;

export function followTheme(app: App): void {
  const show = (theme: Theme): void => {
    const { dataset } = document.documentElement;
    if (theme === "system") delete dataset.theme;
    else dataset.theme = theme;
    for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
      const own = meta.media.includes("dark") ? "dark" : "light";
      meta.content = frames[theme === "system" ? own : theme];
    }
  };
  show(app.state.theme);
  app.store.subscribe(({ theme }, before) => {
    if (theme !== before.theme) show(theme);
  });
}
