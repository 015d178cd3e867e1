// Finds a Chromium or Chrome for the tests; installs one where that is possible; else says what to do.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** `CHROME_PATH` first, then the usual places. */
function findBrowser() {
  return [process.env.CHROME_PATH, ...PLACES].find((path) => path !== undefined && existsSync(path));
}

/** The executable's path; may install Debian's package (as root) or Playwright's own browser first. */
export function ensureBrowser() {
  const found = findBrowser();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    console.log("No Chromium here: installing Debian's package.");
    run("apt-get", ["update", "-qq"]);
    run("apt-get", ["install", "-y", "-qq", "chromium"]);
    const installed = findBrowser();
    if (installed) return installed;
  }
  console.log("No Chromium here: asking Playwright for its own.");
  run(process.execPath, ["node_modules/playwright-core/cli.js", "install", "--with-deps", "chromium"]);
  const own = playwrightBrowser();
  if (own) return own;
  console.error("The tests need Chromium or Chrome. Install one, or set CHROME_PATH to its executable, and try again.");
  process.exit(1);
}

function run(command, args) {
  spawnSync(command, args, { stdio: "inherit", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
}

function playwrightBrowser() {
  const ask = "import('playwright-core').then(({ chromium }) => console.log(chromium.executablePath()))";
  const path = spawnSync(process.execPath, ["-e", ask], { encoding: "utf8" }).stdout?.trim();
  return path && existsSync(path) ? path : undefined;
}
