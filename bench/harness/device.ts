// What the measurements were made on.
import { cpus, loadavg, totalmem } from "node:os";
import type { Browser } from "playwright-core";

export interface Device {
  readonly processor: string;
  readonly cores: number;
  readonly memory: string;
  readonly system: string;
  readonly browser: string;
  /** Processes that wanted to run in the minute before: what others did on the machine spoils the times. */
  readonly loadBefore: number;
}

export async function describeDevice(browser: Browser): Promise<Device> {
  const all = cpus();
  return {
    processor: (all[0]?.model ?? "unknown").replace(/\s+/g, " ").trim(),
    cores: all.length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: process.platform,
    browser: `Chromium ${browser.version()}, headless`,
    loadBefore: Math.round(loadavg()[0]! * 10) / 10,
  };
}
