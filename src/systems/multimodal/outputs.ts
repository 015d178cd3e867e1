// What the network said of all rows of a text: arrays by name, put together part by part.
import type { TokenRows } from "../../encoders/bert.js";
import type { Collector, RowOutput } from "../system.js";

export type Answer = Readonly<Record<string, Float32Array>>;

/** Every output has the same number of values for each row. */
export function collectRows({ rows }: TokenRows): Collector<RowOutput, Answer> {
  const all: Record<string, Float32Array> = {};
  return {
    add(output, from, count) {
      for (const [name, values] of Object.entries(output)) {
        if (values === null) continue;
        const size = values.length / count;
        all[name] ??= new Float32Array(rows * size);
        all[name].set(values, from * size);
      }
    },
    answer: () => all,
  };
}
