// UMGF: every word and four regions in one complete graph, whose messages pass through a gate per pair and channel. The
// reference is training/systems/umgf/model.py.
import {
  add,
  mean,
  mul,
  relu,
  reshape,
  sigmoid,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tensor4d,
} from "@tensorflow/tfjs-core";
import type { TokenRows } from "../../encoders/bert.js";
import { attend, layerNorm, linear } from "../../nn/operations.js";
import type { Linear, Norm, Parameters } from "../../nn/parameters.js";
import { apply, declareLayer, joined, relu as positive } from "../../nn/plain.js";
import type { MultimodalConfig } from "../multimodal/config.js";
import { meanOf, regionOf } from "../multimodal/evidence.js";
import { GEOMETRY, type VisualTokens, wholeRegion } from "../multimodal/eyes.js";
import {
  type Attention,
  declareAttention,
  declareNorm,
  declareQuery,
  lookAt,
  repeated,
  rowsOf,
} from "../multimodal/layers.js";
import { type Head, makeTagger } from "../multimodal/tagger.js";

/** The regions are asked for by type. LOC and ORG are the whole photo, which is what the authors put where nothing is found. */
const NODES = ["PER", "LOC", "ORG", "OTHER"] as const;

/** Messages from every sender to every receiver: σ(W[receiver ; sender]) ∘ sender, summed. */
interface Gated {
  readonly receiver: Linear;
  readonly sender: Linear;
}

interface Side {
  readonly gated: Gated;
  readonly heard: Norm;
  readonly feed: readonly [Linear, Linear];
  readonly out: Norm;
}

interface GraphLayer {
  readonly heads: number;
  readonly words: Attention;
  readonly wordsNorm: Norm;
  readonly query: Linear;
  readonly key: Linear;
  readonly nodesNorm: Norm;
  readonly toWords: Side;
  /** Nobody asks the nodes of the last layer what they heard. */
  readonly toNodes: Side | null;
}

function declare(p: Parameters, config: MultimodalConfig) {
  const { text, visual, width, labels, layers } = config;
  return {
    width,
    project: p.linear(p.matrix("head.project", text.width, width)),
    first: declareLayer(p, p.matrix("head.first", visual + GEOMETRY, width)),
    second: declareLayer(p, p.matrix("head.second", width, width)),
    layers: Array.from({ length: layers }, (_, layer) =>
      declareGraphLayer(p, `head.layers.${layer}`, config, layer === layers - 1),
    ),
    classify: p.linear(p.matrix("head.classify", text.width + width, 1 + 2 * labels.length)),
  };
}

function declareGraphLayer(p: Parameters, name: string, config: MultimodalConfig, last: boolean): GraphLayer {
  const { width, heads, feedForward } = config;
  const side = (kind: string): Side => ({
    gated: {
      receiver: p.linear(p.matrix(`${name}.to_${kind}.receiver`, width, width)),
      sender: p.linear(withoutBias(p, `${name}.to_${kind}.sender`, width)),
    },
    heard: declareNorm(p, `${name}.heard_${kind}`, width),
    feed: [
      p.linear(p.matrix(`${name}.feed_${kind}.0`, width, feedForward)),
      p.linear(p.matrix(`${name}.feed_${kind}.1`, feedForward, width)),
    ],
    out: declareNorm(p, `${name}.out_${kind}`, width),
  });
  return {
    heads,
    words: declareAttention(p, `${name}.words`, config),
    wordsNorm: declareNorm(p, `${name}.words_norm`, width),
    query: declareQuery(p, `${name}.query`, config),
    key: p.linear(p.matrix(`${name}.key`, width, width)),
    nodesNorm: declareNorm(p, `${name}.nodes_norm`, width),
    toWords: side("words"),
    toNodes: last ? null : side("nodes"),
  };
}

function withoutBias(p: Parameters, name: string, width: number) {
  const weight = p.values(`${name}.weight`, [width, width]);
  return { inputs: width, outputs: width, read: () => ({ values: weight.read(), bias: new Float32Array(width) }) };
}

/** Which region each node is, null for the whole photo: PER is the likeliest person, OTHER the likeliest thing. */
export function nodesOf({ person }: VisualTokens): (number | null)[] {
  const first = (wanted: boolean): number | null => {
    const at = person.indexOf(wanted);
    return at < 0 ? null : at;
  };
  return [first(true), null, null, first(false)];
}

function nodeFeatures(tokens: VisualTokens): Float32Array[] {
  const size = tokens.whole.length + GEOMETRY;
  return nodesOf(tokens).map((at) =>
    at === null ? wholeRegion(tokens) : tokens.regions.subarray(at * size, (at + 1) * size),
  );
}

/** [B·R, d] receivers, [B·S, d] senders → what each receiver hears [B·R, d], and the gates [B, R, S, d]. */
function messages(
  { receiver, sender }: Gated,
  receivers: Tensor2D,
  senders: Tensor2D,
  batch: number,
  there: Tensor | null,
) {
  const width = receiver.inputs;
  const [to, from] = [receivers.shape[0] / batch, senders.shape[0] / batch];
  const across = (rows: Tensor2D): Tensor4D => reshape(rows, [batch, to, 1, width]);
  const down = (rows: Tensor2D): Tensor4D => reshape(rows, [batch, 1, from, width]);
  const gate = sigmoid(add(across(linear(receivers, receiver)), down(linear(senders, sender))) as Tensor4D);
  const sent = there === null ? down(senders) : (mul(down(senders), there) as Tensor4D);
  // A sum is a mean times its count.
  const heard = mul(mean(mul(gate, sent), 2), from);
  return { gate, heard: reshape(heard, [batch * to, width]) as Tensor2D };
}

function feed({ feed: [up, down], out }: Side, x: Tensor2D): Tensor2D {
  return layerNorm(x, linear(relu(linear(x, up)), down), out);
}

/** 1 at pieces, 0 at padding: [B, 1, L, 1]. */
function piecesThere({ rows, length, lengths }: TokenRows): Tensor4D {
  const there = new Float32Array(rows * length);
  for (let row = 0; row < rows; row++) there.fill(1, row * length, row * length + lengths[row]!);
  return tensor4d(there, [rows, 1, length, 1]);
}

const head: Head<ReturnType<typeof declare>> = {
  name: "umgf",
  declare,

  async look(net, hidden, { rows, mask, tokens }, scope) {
    const { width } = net;
    const batch = rows.rows;
    const features = nodeFeatures(tokens).map((node) => apply(net.second, positive(apply(net.first, node))));
    let { x, o, there } = await scope.slice(() => ({
      x: linear(hidden, net.project), //                                                   [B·L, d]
      o: repeated(rowsOf(joined(...features), width), batch), //                           [B·4, d]
      there: piecesThere(rows),
    }));
    let gates: Tensor2D | null = null;
    for (const [index, layer] of net.layers.entries()) {
      const { toWords, toNodes } = layer;
      const [before, nodes] = [x, o];
      const next = await scope.slice(
        () => {
          const own = layerNorm(before, lookAt(layer.words, before, before, { batch, mask }), layer.wordsNorm);
          const shape = { batch, heads: layer.heads, width };
          const part = (given: Tensor2D) => ({ rows: given, column: 0 });
          const among = attend(
            part(linear(nodes, layer.query)),
            part(linear(nodes, layer.key)),
            part(nodes),
            shape,
            null,
          );
          const asked = layerNorm(nodes, among, layer.nodesNorm);
          const { heard, gate } = messages(toWords.gated, own, asked, batch, null);
          const x = feed(toWords, layerNorm(own, heard, toWords.heard));
          if (toNodes === null)
            return { x, o: asked, gates: reshape(mean(gate, 3), [x.shape[0], NODES.length]) as Tensor2D };
          const told = messages(toNodes.gated, asked, own, batch, there).heard;
          return { x, o: feed(toNodes, layerNorm(asked, told, toNodes.heard)), gates: null };
        },
        before,
        nodes,
      );
      ({ x, o, gates } = next);
      scope.watch(`head.layers.${index}`, x);
    }
    const seen = x;
    const delta = await scope.slice(() => linear([hidden, seen], net.classify), hidden, seen, o, there); // [B·L, tags]
    return { delta, gates: gates! };
  },

  evidence({ perWord, found, tokens, letterbox }) {
    const gates = perWord("gates");
    return {
      kind: "graph",
      nodes: nodesOf(tokens).map((at, index) => ({ label: NODES[index]!, region: regionOf(tokens, at, 1, letterbox) })),
      entities: found.map(({ name }) => [...meanOf(gates, NODES.length, name)]),
    };
  },
};

export const umgf = makeTagger(head);
