// The demo page's script: the first thing it does is show a finished example; only then does it load anything large.
import { defineMnerQg } from "../element/mner-qg.js";
import { App } from "./app.js";
import { DemoPage } from "./shell/demo-page.js";
import { begin, listen } from "./start.js";

defineMnerQg();
const app = new App(import.meta.url);
begin(app);
listen(app);
DemoPage.open(app, document.querySelector("demo-page")!);

/** Data that nobody asked for is not fetched for readers who pay for each megabyte. */
function savesData(): boolean {
  return (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
}

function loadWhenIdle(): void {
  if (!savesData()) app.loadModel().catch(() => {});
  if (import.meta.env.PROD) void app.offline.start();
}

// After the first picture, so that it never waits for the download.
if (document.readyState === "complete") setTimeout(loadWhenIdle);
else window.addEventListener("load", () => setTimeout(loadWhenIdle), { once: true });
