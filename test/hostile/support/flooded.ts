// The page that is flooded, and figures about what it did.
import type { Page } from "playwright-core";
import { ISOLATED } from "../../support/engine-site.js";
import type * as FloodPage from "./flood-page.js";
import { type HostileSite, openHostileSite } from "./site.js";

/** Isolated, since only such pages may measure their memory; measured at once, not some time after. */
export function openFlooded(): Promise<HostileSite> {
  return openHostileSite({
    entries: { flood: "test/hostile/support/flood-page.ts" },
    headers: ISOLATED,
    flags: ["--enable-blink-features=ForceEagerMeasureMemory"],
  });
}

type Calls = typeof FloodPage;

export function tell<Name extends keyof Calls>(
  page: Page,
  name: Name,
  ...given: Parameters<Calls[Name]>
): ReturnType<Calls[Name]> {
  return page.evaluate(
    ([called, values]) =>
      (globalThis as unknown as { entry: Record<string, (...all: unknown[]) => unknown> }).entry[called as string]!(
        ...(values as unknown[]),
      ),
    [name, given] as const,
  ) as ReturnType<Calls[Name]>;
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** "12 / 80 / 140 ms": median, 95th percentile, longest. */
export function spread(latencies: readonly number[]): string {
  return `${[0.5, 0.95, 1].map((part) => quantile(latencies, part).toFixed(0)).join(" / ")} ms`;
}
