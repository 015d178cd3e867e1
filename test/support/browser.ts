// Finds and starts the one Chromium that browser tests drive.
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const knownPaths = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

const flags = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** `CHROME_PATH` first, then the usual places. */
function browserPath(): string {
  const found = [process.env.CHROME_PATH, ...knownPaths].find((path) => path !== undefined && existsSync(path));
  if (found) return found;
  throw new Error("No Chromium or Chrome was found. Install one, or set CHROME_PATH to its executable.");
}

export function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: browserPath(), args: [...flags, ...more], headless: true });
}
