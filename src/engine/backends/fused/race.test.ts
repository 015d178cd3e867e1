// The race between the two ways of multiplying: either may win it, and what it found is kept.
import { beforeEach, describe, expect, it } from "vitest";
import { compileKernels, type KernelModule, startKernels } from "./kernel-module.js";
import { chooseProducts, RACE_BYTES, race, raceOften } from "./race.js";
import { forget, type Products, recall } from "./remember.js";

/** Runs that only move a clock, as fast or slow as they are told. */
function raceOf(ms: Readonly<Record<Products, number>>): Products {
  let clock = 0;
  const run = (name: Products) => () => {
    clock += ms[name];
  };
  return race({ floats: run("floats"), "sixteen-bits": run("sixteen-bits") }, () => clock);
}

beforeEach(forget);

describe("the race", () => {
  it("is won by whichever is faster", () => {
    expect(raceOf({ floats: 0.2, "sixteen-bits": 0.1 })).toBe("sixteen-bits");
    expect(raceOf({ floats: 0.1, "sixteen-bits": 0.2 })).toBe("floats");
  });

  it("is not misled by a clock of whole milliseconds, nor by tries that are disturbed", () => {
    const disturbed = (fast: number, slow: number): Products => {
      let [clock, runs] = [0, 0];
      const run = (ms: number) => () => {
        clock += ms + (++runs % 17 === 0 ? 9 : 0);
      };
      return race({ floats: run(slow), "sixteen-bits": run(fast) }, () => Math.floor(clock));
    };
    expect(disturbed(0.2, 0.4)).toBe("sixteen-bits");
    expect(disturbed(0.4, 0.2)).toBe("floats");
  });

  it("is repeated before floats are believed", () => {
    let [clock, runs] = [0, 0];
    const timesOf = (slowFirst: boolean): Products => {
      [clock, runs] = [0, 0];
      const whole = (): void => {
        runs++;
        clock += slowFirst && runs > 100 ? 0.1 : 0.4;
      };
      const floats = (): void => {
        clock += 0.2;
      };
      return raceOften({ floats, "sixteen-bits": whole }, () => clock);
    };
    expect(timesOf(false)).toBe("floats");
    // It is compiled late.
    expect(timesOf(true)).toBe("sixteen-bits");
  });

  it("ends on a machine where every run takes for ever", () => {
    expect(raceOf({ floats: 900, "sixteen-bits": 800 })).toBe("sixteen-bits");
  });

  it("is run with the real kernels within bounds, once, and remembered", async () => {
    const memory = new WebAssembly.Memory({ initial: 64, maximum: 65_536 });
    const kernels = await startKernels(await compileKernels(memory), memory);
    let calls = 0;
    const linear16 = (...values: number[]): void => {
      calls++;
      kernels.linear16(...values);
    };
    const counted = { ...kernels, linear16 };
    const begun = performance.now();
    const found = await chooseProducts(counted as KernelModule, 1024);
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(["floats", "sixteen-bits"]).toContain(found);
    expect(calls).toBeGreaterThan(0);
    const once = calls;
    expect(await chooseProducts(counted as KernelModule, 1024)).toBe(found);
    expect(calls).toBe(once);
    expect(await recall(null)).toBe(found);
    expect(1024 + RACE_BYTES).toBeLessThan(memory.buffer.byteLength);
  });
});
