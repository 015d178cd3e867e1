// Runs of the shipped network on a GPU and on the processor, in turns, and what each run sends to the GPU.
import { SOFTWARE_GPU } from "../../src/engine/backends/backend.js";
import { summarise } from "../arithmetic/statistics.js";
import type * as networkPage from "../pages/network.js";
import { openSite } from "./site.js";
import { TWEET } from "./work.js";

const MODEL = "/dist/models/mner-qg-mini/";
const ROUNDS = 20;
/** Chromium without a window has WebGPU only by Vulkan, and by these. */
const FLAGS = [
  "--enable-unsafe-webgpu",
  "--enable-features=Vulkan,WebGPU",
  "--use-angle=vulkan",
  "--ignore-gpu-blocklist",
];

type Shape = ReturnType<typeof networkPage.shapeOf>;

/** Exit status: 1 where only a software GPU was found, unless that will do (to see whether this itself works). */
export async function measureGpu(allowSoftware: boolean): Promise<number> {
  const site = await openSite(FLAGS);
  try {
    const [gpu, cpu] = [await site.open("network", false), await site.open("network", false)];
    const adapter = await gpu.call<string>("open", "webgpu", MODEL);
    console.log(`adapter: ${adapter}`);
    if (SOFTWARE_GPU.test(adapter) && !allowSoftware) return 1;
    await cpu.call("open", "wasm", MODEL);
    const { rows, length } = await gpu.call<Shape>("shapeOf", TWEET);
    await gpu.call("countDispatches");
    const times: Record<string, number[]> = {};
    const dispatches: Record<string, number> = {};
    for (let round = -1; round < (allowSoftware ? 1 : ROUNDS); round++) {
      for (const [name, page] of [["GPU", gpu] as const, ["processor", cpu] as const]) {
        const run = (withPhoto: boolean): Promise<number> => page.call<number>("run", rows, length, withPhoto);
        // A photo's features are only sent for when a text is run: what that reads back ends both.
        const works = {
          "text + photo": async () => (await page.call<number>("encodeImage")) + (await run(true)),
          "text alone": () => run(false),
        };
        for (const [what, work] of Object.entries(works)) {
          const ms = await work();
          const key = `${what}, ${name}`;
          times[key] ??= [];
          if (round >= 0) times[key].push(ms);
          if (page === gpu) dispatches[what] = await gpu.call<number>("countDispatches");
        }
      }
    }
    for (const [name, values] of Object.entries(times)) {
      const { median, lower, upper } = summarise(values);
      console.log(`${name.padEnd(28)} ${median.toFixed(1)} ms (${lower.toFixed(1)} to ${upper.toFixed(1)})`);
    }
    console.log(`dispatches: ${JSON.stringify(dispatches)}`);
    return 0;
  } finally {
    await site.close();
  }
}
