// The network against PyTorch at every module boundary, on the backends that Node has, and what it leaves behind.
import { memory, setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { readGolden } from "../../../test/support/golden.js";
import { goldenSequences, measureParity } from "../../../test/support/parity.js";
import { openCpu } from "../../engine/backends/cpu.js";
import { openWasm } from "../../engine/backends/wasm.js";
import { nodeWasmFiles } from "../../engine/backends/wasm-files-node.js";
import { buildNetwork } from "../network.js";
import { mnerQg } from "./system.js";

const BOUNDARIES = 20;
const TOLERANCE = 1e-4;

/** The plain JavaScript backend takes its time on a busy machine. */
const SLOW_MS = 60_000;

beforeAll(async () => {
  await openCpu();
  await openWasm({ wasm: nodeWasmFiles() });
}, SLOW_MS);

describe.each(["golden-tiny-mini", "golden-tiny-base", "golden-tiny-nanodet", "golden-tiny-one-way"])(
  "%s",
  { timeout: SLOW_MS },
  (name) => {
    const golden = readGolden(name);
    const source = {
      has: (weight: string) => golden.weights.has(weight),
      read: (weight: string) => golden.weights.get(weight)!,
    };

    it.each(["cpu", "wasm"])("agrees with PyTorch at every boundary on %s", async (backend) => {
      await setBackend(backend);
      const { errors, leaked } = await measureParity(golden);
      expect(Object.keys(errors).length).toBeGreaterThanOrEqual(BOUNDARIES);
      if (process.env.PARITY) console.log(name, backend, errors);
      for (const [boundary, error] of Object.entries(errors)) expect(error, boundary).toBeLessThan(TOLERANCE);
      expect(leaked).toBe(0);
    });

    it("keeps no tensor between runs, nor after one that was stopped at any place", async () => {
      await setBackend("wasm");
      const network = await buildNetwork(mnerQg, golden.config, source);
      const sequences = goldenSequences(golden.vectors);
      const pixels = golden.vectors.get("input.pixels")!.values as Float32Array;
      const features = await network.encodeImage(pixels);
      // Questions read one way are kept; one-way.test.ts stops runs that still have to read them.
      await network.run(sequences, features);
      const before = memory().numTensors;
      const works: ((pause: () => void) => Promise<unknown>)[] = [
        (pause) => network.run(sequences, features, { pause }),
        async (pause) => (await network.encodeImage(pixels, { pause })).dispose(),
      ];
      for (const work of works) {
        let slices = 0;
        await work(() => void slices++);
        expect(slices).toBeGreaterThan(4);
        for (let stopAt = 1; stopAt <= slices; stopAt++) {
          let slice = 0;
          const stopped = work(() => {
            if (++slice === stopAt) throw new Error("stopped");
          });
          await expect(stopped).rejects.toThrow("stopped");
          expect(memory().numTensors).toBe(before);
        }
      }
      features.dispose();
      network.dispose();
    });

    it("is built in slices, and leaves nothing when that is stopped", async () => {
      await setBackend("wasm");
      const before = memory().numTensors;
      let slices = 0;
      const whole = await buildNetwork(mnerQg, golden.config, source, { pause: () => void slices++ });
      whole.dispose();
      expect(memory().numTensors).toBe(before);
      expect(slices).toBeGreaterThanOrEqual(golden.config.text.layers);
      for (let stopAt = 1; stopAt <= slices; stopAt++) {
        let left = stopAt;
        const pause = (): void => {
          if (--left === 0) throw new Error("stopped");
        };
        await expect(buildNetwork(mnerQg, golden.config, source, { pause })).rejects.toThrow("stopped");
        expect(memory().numTensors).toBe(before);
      }
    });

    it("names the weight that is missing or misshapen", async () => {
      const without = {
        ...source,
        has: (weight: string) => weight !== "grounding_head.none.weight" && source.has(weight),
      };
      await expect(buildNetwork(mnerQg, golden.config, without)).rejects.toThrow(/"grounding_head.none.weight"/);
      const misshapen = {
        ...source,
        read: (weight: string) =>
          weight === "existence.labels" ? { shape: [1, 64], values: new Float32Array(64) } : source.read(weight),
      };
      const refused = buildNetwork(mnerQg, golden.config, misshapen);
      await expect(refused).rejects.toThrow(expect.objectContaining({ code: "model-mismatch" }));
      await expect(refused).rejects.toThrow(/"existence.labels" is \[1, 64\]/);
    });
  },
);
