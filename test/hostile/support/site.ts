// The site that the suite's browser tests share: the tag with its real engine, and a tiny model that is sound.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { type EngineSite, openSite, type SiteOptions } from "../../support/engine-site.js";
import { makeTinyModel, tinySelfTest, writeFolder } from "../../support/tiny-model.js";
import type * as HostilePage from "./hostile-page.js";

export type Entry = typeof HostilePage;
export const MODEL = "/models/tiny/";

export interface HostileSite extends EngineSite {
  /** Adds a model folder under /models/; the tiny one changed, or spoiled. */
  addModel(name: string, spoil?: (files: Map<string, Uint8Array>) => void): Promise<string>;
}

export async function openHostileSite(options: Partial<SiteOptions> = {}): Promise<HostileSite> {
  const models = await mkdtemp(join(tmpdir(), "mner-qg-hostile-models-"));
  const selfTest = await tinySelfTest();
  let releases = 0;
  const addModel: HostileSite["addModel"] = async (name, spoil) => {
    // Releases that were the same in every byte would be served from the device.
    const files = await makeTinyModel({ selfTest, version: `1.0.${releases++}` });
    spoil?.(files);
    await writeFolder(join(models, name), files);
    return `/models/${name}/`;
  };
  await addModel("tiny");
  const site = await openSite({
    ...options,
    entries: { hostile: "test/hostile/support/hostile-page.ts", ...options.entries },
    folders: { "/models": models, ...options.folders },
  });
  return {
    ...site,
    addModel,
    async close() {
      await site.close();
      await rm(models, { recursive: true });
    },
  };
}

/** Calls a function of the page's module. */
export function call<Name extends keyof Entry>(
  page: Page,
  name: Name,
  ...given: Entry[Name] extends (...values: infer Given) => unknown ? Given : never
): Promise<Awaited<ReturnType<Entry[Name] extends (...values: never[]) => unknown ? Entry[Name] : never>>> {
  return page.evaluate(
    ([called, values]) => {
      const { entry } = globalThis as unknown as { entry: Record<string, (...all: unknown[]) => unknown> };
      return entry[called as string]!(...(values as unknown[]));
    },
    [name, given] as const,
  ) as never;
}
