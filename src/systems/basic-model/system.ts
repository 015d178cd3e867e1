// BasicModel, our reading of a name: the photo as one vector beside every word. Late fusion, no interaction.
import { add, tensor2d } from "@tensorflow/tfjs-core";
import { linear } from "../../nn/operations.js";
import type { Parameters } from "../../nn/parameters.js";
import { apply, declareLayer } from "../../nn/plain.js";
import type { MultimodalConfig } from "../multimodal/config.js";
import { inputsOf } from "../multimodal/layers.js";
import { type Head, makeTagger } from "../multimodal/tagger.js";

function declare(p: Parameters, { text, visual, width, labels }: MultimodalConfig) {
  const tags = 1 + 2 * labels.length;
  const classify = p.matrix("head.classify", text.width + width, tags);
  return {
    project: declareLayer(p, p.matrix("head.project", visual, width)),
    ofWords: p.linear(inputsOf(classify, 0, text.width, true)),
    ofPhoto: declareLayer(p, inputsOf(classify, text.width, width, false)),
  };
}

const head: Head<ReturnType<typeof declare>> = {
  name: "basic-model",
  declare,

  async look(net, hidden, { tokens }, scope) {
    const photo = apply(net.ofPhoto, apply(net.project, tokens.whole).map(Math.tanh)); // [tags], the same for every word
    const delta = await scope.slice(() => {
      return add(linear(hidden, net.ofWords), tensor2d(photo, [1, photo.length])); //      [B·L, tags]
    }, hidden);
    return { delta: delta as typeof hidden };
  },

  /** How far the photo moved each name's score. */
  evidence({ found, scoresWithout }) {
    const without = scoresWithout();
    return { kind: "gate", entities: found.map(({ entity }, index) => Math.abs(entity.score - without[index]!)) };
  },
};

export const basicModel = makeTagger(head);
