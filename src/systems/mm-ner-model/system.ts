// MMNerModel, our reading of a name: BERT+CRF with patches of the photo, which every word looks at once.
import { linear } from "../../nn/operations.js";
import type { Parameters } from "../../nn/parameters.js";
import type { MultimodalConfig } from "../multimodal/config.js";
import { heatOf, meanOf } from "../multimodal/evidence.js";
import { GEOMETRY } from "../multimodal/eyes.js";
import { declareTransformerLayer, looks, ONE_MEMORY, rowsOf, transformerLayer } from "../multimodal/layers.js";
import { type Head, makeTagger } from "../multimodal/tagger.js";

function declare(p: Parameters, config: MultimodalConfig) {
  const { text, visual, width, labels } = config;
  return {
    words: p.linear(p.matrix("head.words", text.width, width)),
    cells: p.linear(p.matrix("head.cells", visual + GEOMETRY, width)),
    look: declareTransformerLayer(p, "head.look", config),
    classify: p.linear(p.matrix("head.classify", text.width + width, 1 + 2 * labels.length)),
  };
}

const head: Head<ReturnType<typeof declare>> = {
  name: "mm-ner-model",
  declare,

  async look(net, hidden, { tokens }, scope) {
    const { words, cells, heat } = await scope.slice(() => {
      const words = linear(hidden, net.words); //                                          [B·L, d]
      const cells = linear(rowsOf(tokens.cells, net.cells.inputs), net.cells); //          [G, d]
      return { words, cells, heat: looks(net.look.attention, words, cells) }; //           [B·L, G]
    });
    const seen = await scope.slice(() => transformerLayer(net.look, words, cells, ONE_MEMORY), words, cells);
    scope.watch("head.look", seen);
    const delta = await scope.slice(() => linear([hidden, seen], net.classify), hidden, seen); // [B·L, tags]
    return { delta, heat };
  },

  evidence({ perWord, sizeOf, found, tokens, letterbox }) {
    const heat = perWord("heat");
    const size = sizeOf("heat");
    return { kind: "heat", entities: found.map(({ name }) => heatOf(meanOf(heat, size, name), tokens, letterbox)) };
  },
};

export const mmNerModel = makeTagger(head);
