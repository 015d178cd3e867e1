// Draws the growth into docs/images/, as pictures that Chromium makes of SVG.
import { join } from "node:path";
import { launchBrowser } from "../../test/support/browser.js";
import { type Chart, drawChart } from "./chart.js";
import type { GrowthResult } from "./growth.js";
import { ROOT } from "./root.js";

/** File names in docs/images/ and what they show. */
export function charts(growth: GrowthResult): Readonly<Record<string, Chart>> {
  return {
    "growth-text.png": {
      title: "Four queries, text of growing length",
      along: "pieces of each sequence",
      series: growth.length,
    },
    "growth-queries.png": { title: "A tweet, more and more queries", along: "queries", series: growth.queries },
    "growth-tweets.png": { title: "Tweets asked for in one call", along: "tweets", series: growth.tweets },
    "growth-photo.png": { title: "A tweet and a photo of growing size", along: "megapixels", series: growth.photo },
    "growth-tags.png": { title: "More and more tags on one page", along: "tags", series: growth.tags },
  };
}

export async function writePlots({ growth }: { growth: GrowthResult }): Promise<void> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ deviceScaleFactor: 1.5 });
    for (const [file, chart] of Object.entries(charts(growth))) {
      await page.setContent(`<style>body{margin:0}svg{display:block}</style>${drawChart(chart)}`);
      await page.locator("svg").screenshot({ path: join(ROOT, "docs/images", file) });
    }
  } finally {
    await browser.close();
  }
}
