// UMT: words that look at the photo, a photo that looks at the words, a gate between them, and names without types beside. The
// reference is training/systems/umt/model.py.
import { add, mean, mul, reshape, sigmoid, type Tensor2D } from "@tensorflow/tfjs-core";
import { linear } from "../../nn/operations.js";
import type { Matrix, Parameters } from "../../nn/parameters.js";
import type { MultimodalConfig } from "../multimodal/config.js";
import { meanOf } from "../multimodal/evidence.js";
import { GEOMETRY } from "../multimodal/eyes.js";
import { declareTransformerLayer, ONE_MEMORY, repeated, rowsOf, transformerLayer } from "../multimodal/layers.js";
import { type Head, makeTagger } from "../multimodal/tagger.js";

/** O, B and I of names without types. */
const UNTYPED = 3;

function declare(p: Parameters, config: MultimodalConfig) {
  const { text, visual, width, labels } = config;
  const tags = 1 + 2 * labels.length;
  const layer = (name: string) => declareTransformerLayer(p, `head.${name}`, config);
  const mix = p.values("head.mix", [1]);
  return {
    project: p.linear(p.matrix("head.project", text.width, width)),
    main: layer("main"),
    spans: layer("spans"),
    cellsOfWords: p.linear(p.matrix("head.cells_of_words", visual + GEOMETRY, width)),
    cells: p.linear(p.matrix("head.cells", visual + GEOMETRY, width)),
    awareWords: layer("aware_words"),
    awareCells: layer("aware_cells"),
    back: layer("back"),
    gate: p.linear(p.matrix("head.gate", 2 * width, width)),
    classify: p.linear(p.matrix("head.classify", 2 * width, tags)),
    untyped: p.linear(converted(p.matrix("head.untyped", width, UNTYPED), labels.length, () => mix.read()[0]!)),
  };
}

/** The untyped names' part of Δ: O is O, a B or an I of any type is a share of each type's, all of it times the mix. */
function converted(untyped: Matrix, labels: number, mix: () => number): Matrix {
  const { inputs } = untyped;
  const outputs = 1 + 2 * labels;
  const read = () => {
    const { values, bias } = untyped.read();
    const scale = mix();
    const from = (tag: number): readonly [row: number, weight: number] =>
      tag === 0 ? [0, scale] : [tag % 2 === 1 ? 1 : 2, scale / labels];
    const all = new Float32Array(outputs * inputs);
    for (let tag = 0; tag < outputs; tag++) {
      const [row, weight] = from(tag);
      for (let at = 0; at < inputs; at++) all[tag * inputs + at] = values[row * inputs + at]! * weight;
    }
    const biases = Float32Array.from({ length: outputs }, (_, tag) => bias[from(tag)[0]]! * from(tag)[1]);
    return { values: all, bias: biases };
  };
  return { inputs, outputs, read };
}

const head: Head<ReturnType<typeof declare>> = {
  name: "umt",
  declare,

  async look(net, hidden, { rows, mask, tokens }, scope) {
    const words = { batch: rows.rows, mask };
    const cells = (layer: typeof net.cells): Tensor2D => linear(rowsOf(tokens.cells, layer.inputs), layer); // [G, d]
    const x = await scope.slice(() => linear(hidden, net.project), hidden); //             [B·L, d]
    const named = await scope.slice(() => transformerLayer(net.spans, x, x, words)); //    A [B·L, d]
    scope.watch("head.spans", named);
    const r = await scope.slice(() => transformerLayer(net.main, x, x, words), x); //      R [B·L, d]
    scope.watch("head.main", r);
    const p = await scope.slice(() => transformerLayer(net.awareWords, r, cells(net.cellsOfWords), ONE_MEMORY)); // P [B·L, d]
    scope.watch("head.aware_words", p);
    const v = await scope.slice(() => {
      const all = repeated(cells(net.cells), rows.rows); //                                [B·G, d]
      return transformerLayer(net.awareCells, all, r, words);
    });
    scope.watch("head.aware_cells", v);
    const q = await scope.slice(() => transformerLayer(net.back, r, v, { batch: rows.rows, mask: null }), r, v); // Q [B·L, d]
    scope.watch("head.back", q);
    return scope.slice(
      () => {
        const gate = sigmoid(linear([q, p], net.gate)); //                                 [B·L, d]
        const typed = linear([q, mul(gate, p) as Tensor2D], net.classify); //              [B·L, tags]
        const delta = add(typed, linear(named, net.untyped)) as Tensor2D;
        return { delta, gate: reshape(mean(gate, 1), [gate.shape[0], 1]) };
      },
      q,
      p,
      named,
    );
  },

  evidence({ perWord, found }) {
    const gates = perWord("gate");
    return { kind: "gate", entities: found.map(({ name }) => meanOf(gates, 1, name)[0]!) };
  },
};

export const umt = makeTagger(head);
