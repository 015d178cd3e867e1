// From the navigation to the first result, in a browser profile that has never seen the page and in one that has.
import type { Site } from "./site.js";

export interface ColdResult {
  readonly isolated: boolean;
  /** Milliseconds by contender and by whether it was there before, one per round. */
  readonly times: Readonly<Record<string, readonly number[]>>;
}

export async function measureCold(
  site: Site,
  isolated: boolean,
  rounds: number,
  { threads, pieces, pipeline }: { threads: number; pieces: number; pipeline: boolean },
): Promise<ColdResult> {
  const times: Record<string, number[]> = {};
  const pages = {
    product: "/cold-product.html",
    ...(pipeline ? { pipeline: `/cold-pipeline.html?threads=${threads}&pieces=${pieces}` } : {}),
  };
  for (let round = 0; round < rounds; round++) {
    for (const [name, path] of Object.entries(pages)) {
      const context = await site.context();
      const page = await context.newPage();
      for (const visit of ["first visit", "second visit"]) {
        await page.goto(site.address(path, isolated));
        await page.waitForFunction("globalThis.done !== undefined", undefined, { timeout: 180_000 });
        const key = `${name}: ${visit}`;
        times[key] = [...(times[key] ?? []), (await page.evaluate("globalThis.done")) as number];
        await page.goto("about:blank");
      }
      await context.close();
    }
  }
  return { isolated, times };
}
