// What one run of the bench keeps, and the figure that both its report and the budgets read off it.
import { ratios, type Summary } from "../arithmetic/statistics.js";
import type { ColdResult } from "./cold.js";
import type { Device } from "./device.js";
import type { GrowthResult } from "./growth.js";
import type { LimitResult } from "./limit.js";
import type { LoadRow } from "./load.js";
import type { OneWayResult } from "./one-way.js";
import type { WarmResult } from "./warm.js";

export interface Results {
  readonly date: string;
  readonly quick: boolean;
  readonly device: Device;
  readonly ort: string;
  readonly warm: readonly WarmResult[];
  readonly cold: readonly ColdResult[];
  readonly limit: readonly LimitResult[];
  readonly oneWay: readonly OneWayResult[];
  readonly load: readonly LoadRow[];
  readonly growth: GrowthResult;
}

/** How many times faster than the two models a text with a photo is. */
export function pipelineRatio(times: WarmResult["times"]): Summary {
  const both = times["pipeline: text"]!.map((ms, round) => ms + times["pipeline: photo"]![round]!);
  return ratios(both, times["product: text + photo"]!);
}
