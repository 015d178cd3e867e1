// The forward pass where questions are read one way: what depends on the question alone, or on question and photo, is kept.
import { concat, slice, type Tensor, type Tensor2D, type Tensor4D } from "@tensorflow/tfjs-core";
import type { TokenRows } from "../../encoders/bert.js";
import type { TensorScope } from "../../nn/tensor-scope.js";
import { cellsOf, type Group, stretches } from "./asked.js";
import { conclude, fuse, look, type Net, type Photo } from "./network.js";
import { type Parts, readSentences, takeApart } from "./one-way.js";
import { foundBy, type MnerQgOutput, readOneWayOutput } from "./output.js";

export async function forwardOneWay(
  net: Net,
  input: TokenRows,
  photo: Photo | Promise<Photo> | null,
  scope: TensorScope,
): Promise<MnerQgOutput> {
  const { setting, questions, maps } = net.oneWay!;
  const parts = takeApart(input, setting.sentenceStart, net.text.sizes.positions);
  await questions.learn(parts.questions, scope);
  const set = await questions.set(parts.names, scope);
  let hidden = await readSentences(net.text, setting, parts, set, scope); //               H   [T·S, d_t]
  scope.watch("text_encoder", hidden);

  const outputs: Record<string, Tensor> = {};
  const features = await photo;
  let fresh: Pick<Group, "names" | "cells"> | null = null;
  if (features !== null) {
    const known = features.asked?.items ?? [];
    const missing = [...parts.questions.keys()].filter((name) => !known.some(({ names }) => names.includes(name)));
    if (missing.length > 0) fresh = { names: missing, cells: await see(net, features, missing, parts, outputs, scope) };
    const groups = fresh ? [...known, fresh] : known;
    const text = hidden;
    const queries = await scope.slice(() => net.cross.query(text)); //                         [T·S, d]
    const attended: Tensor2D[] = [];
    for (const k of features.scales.keys()) {
      attended.push(await scope.slice(() => attend(net, k, queries, parts, groups)));
    }
    hidden = await fuse(net, hidden, queries, attended, outputs, scope);
  }
  await conclude(net, hidden, parts.rows.rows, net.names !== null && features !== null, outputs, scope);
  const read = await scope.read(outputs);
  const known = features?.asked?.items ?? [];
  if (fresh === null) return finish(known);
  const group: Group = { ...fresh, found: foundBy(read, fresh.names.length) };
  if (features?.asked) {
    scope.release(group.cells);
    maps.keep(group, features.asked);
  }
  return finish([...known, group]);

  function finish(groups: readonly Group[]): MnerQgOutput {
    const found = features && groupFound(parts.names, groups);
    questions.trim();
    maps.trim();
    return readOneWayOutput(read, parts, input, found);
  }
}

/** What questions that are new to a photo make of it: keys and values of its cells, and to `outputs` what is found there. */
async function see(
  net: Net,
  photo: Photo,
  names: readonly string[],
  parts: Parts,
  outputs: Record<string, Tensor>,
  scope: TensorScope,
): Promise<Tensor2D[]> {
  const { questions } = net.oneWay!;
  const { query, fromQuery } = await scope.slice(() => questions.vectors(names)); //       q   [Q, d], [Q, …]
  if (scope.watched) {
    const every = await scope.slice(() => questions.vectors(parts.names));
    scope.watch("query_vector", every.query);
    await scope.slice(() => null, every);
  }
  if (net.names) outputs.query = query;
  const cells: Tensor2D[] = [];
  for (const k of photo.scales.keys()) {
    const f = await look(net, k, photo, fromQuery, outputs, scope);
    if (scope.watched) {
      const one = (name: string): Tensor4D => slice(f, [names.indexOf(name), 0, 0, 0], [1, ...f.shape.slice(1)]);
      const every = await scope.slice(() => concat(parts.names.map(one), 0));
      scope.watch(`conditioned.${k}`, every);
      await scope.slice(() => null, every);
    }
    cells.push(await scope.slice(() => net.cross.keysValues(k, f), f)); //                     [Q·g·g, 2d]
  }
  await scope.slice(() => null, fromQuery, net.names ? null : query);
  return cells;
}

/** Every row looks at the cells as its own question sees them: [T·S, d]. */
function attend(
  net: Net,
  k: number,
  queries: Tensor2D,
  { names, rows }: Parts,
  groups: readonly Pick<Group, "names" | "cells">[],
): Tensor2D {
  const looked = stretches(names, groups).map((stretch) => {
    const whole = stretch.rows === names.length;
    const own = whole
      ? queries
      : slice(queries, [stretch.from * rows.length, 0], [stretch.rows * rows.length, queries.shape[1]]);
    return net.cross.attention(own, cellsOf(stretch, k), stretch.rows);
  });
  return looked.length === 1 ? looked[0]! : concat(looked, 0);
}

function groupFound(names: readonly string[], groups: readonly Group[]) {
  return names.map((name) => {
    const group = groups.find((one) => one.names.includes(name))!;
    return group.found[group.names.indexOf(name)]!;
  });
}
