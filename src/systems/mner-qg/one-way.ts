// One-way questions: each question is read alone, once and for all; a sentence is read once through the lower layers, and once
// per question above them, where it also looks at the question. Rows come as ever, `[CLS] question [SEP] sentence [SEP]`, and
// are taken apart here.
import { concat, reshape, slice, type Tensor2D, type Tensor3D, tensor2d } from "@tensorflow/tfjs-core";
import {
  type Attending,
  type Bert,
  embedded,
  feedForward,
  paddingMask,
  selfAttention,
  type TokenRows,
} from "../../encoders/bert.js";
import { linear } from "../../nn/operations.js";
import type { Linear } from "../../nn/parameters.js";
import type { TensorScope } from "../../nn/tensor-scope.js";
import { disposeTree } from "../../nn/tensor-tree.js";
import type { OneWay } from "./config.js";

/** Questions are padded to a multiple of this, so that most take equally much room. */
const SLOTS = 16;
/** Questions kept: some 200 kB each. */
const KEPT_QUESTIONS = 64;
/** Rows of questions kept side by side as runs want them. */
const KEPT_SETS = 3;

/** What of a network reads text one way. */
export interface OneWayNet {
  readonly text: Bert;
  readonly queryVector: (hidden: Tensor2D, rows: TokenRows) => Tensor2D;
  readonly fromQuery: Linear;
}

/** Rows, taken apart. */
export interface Parts {
  /** The rows without their questions, `[CLS] sentence [SEP]`. */
  readonly rows: TokenRows;
  /** The distinct ones among them. */
  readonly sentences: TokenRows;
  /** For each row its sentence, and its question by name. */
  readonly sentenceOf: readonly number[];
  readonly names: readonly string[];
  /** Distinct questions, `[CLS] question [SEP]`, by name. */
  readonly questions: ReadonlyMap<string, Int32Array>;
  /** For each row where its sentence stood. */
  readonly columns: readonly number[];
}

export function takeApart(input: TokenRows, sentenceStart: number, positions: number): Parts {
  const { rows: count, length, ids, segments, shapes, lengths, multipleOf = 1 } = input;
  const columns = Array.from({ length: count }, (_, row) => {
    const from = row * length;
    const first = segments.subarray(from, from + lengths[row]!).findIndex((segment) => segment !== 0);
    return first < 0 ? lengths[row]! : first;
  });
  const used = Int32Array.from(columns, (column, row) => 1 + lengths[row]! - column);
  const longest = used.reduce((most, size) => Math.max(most, size), 1);
  const padded = Math.min(Math.ceil(longest / multipleOf) * multipleOf, positions - sentenceStart + 1);
  const questions = new Map<string, Int32Array>();
  const names: string[] = [];
  const cut = (values: Int32Array): Int32Array => {
    const out = new Int32Array(count * padded);
    for (let row = 0; row < count; row++) {
      const from = row * length;
      out[row * padded] = values[from]!;
      out.set(values.subarray(from + columns[row]!, from + lengths[row]!), row * padded + 1);
    }
    return out;
  };
  for (let row = 0; row < count; row++) {
    const question = ids.slice(row * length, row * length + columns[row]!);
    names.push(question.join());
    questions.set(names[row]!, question);
  }
  const rows = {
    rows: count,
    length: padded,
    lengths: used,
    ids: cut(ids),
    segments: cut(segments),
    shapes: cut(shapes),
  };
  return { rows, ...distinct(rows), names, questions, columns };
}

function distinct(rows: TokenRows): { readonly sentences: TokenRows; readonly sentenceOf: readonly number[] } {
  const { length } = rows;
  const firsts: number[] = [];
  const places = new Map<string, number>();
  const sentenceOf = Array.from({ length: rows.rows }, (_, row) => {
    const part = (values: Int32Array): string => values.subarray(row * length, (row + 1) * length).join();
    const name = `${rows.lengths[row]}:${part(rows.ids)}:${part(rows.shapes)}`;
    const known = places.get(name);
    if (known !== undefined) return known;
    places.set(name, firsts.length);
    return firsts.push(row) - 1;
  });
  const pick = (values: Int32Array): Int32Array => {
    const out = new Int32Array(firsts.length * length);
    firsts.forEach((row, at) => void out.set(values.subarray(row * length, (row + 1) * length), at * length));
    return out;
  };
  const sentences = {
    rows: firsts.length,
    length,
    lengths: Int32Array.from(firsts, (row) => rows.lengths[row]!),
    ids: pick(rows.ids),
    segments: pick(rows.segments),
    shapes: pick(rows.shapes),
  };
  return { sentences, sentenceOf };
}

/** A question that was read. */
interface Question {
  readonly pieces: number;
  readonly slots: number;
  /** Of each upper layer: [slots, 3d_t], queries left in. */
  readonly layers: readonly Tensor2D[];
  /** q [1, d], and all that is read off it [1, …]. */
  readonly query: Tensor2D;
  readonly fromQuery: Tensor2D;
}

/** Questions side by side, as the rows of a run ask them. */
interface QuestionSet {
  readonly slots: number;
  readonly pieces: Int32Array;
  /** Of each upper layer: [rows, slots, 3d_t]. */
  readonly layers: readonly Tensor3D[];
}

/** The questions a network has been asked, read: the last ones are kept. */
export class Questions {
  private readonly net: OneWayNet;
  private readonly setting: OneWay;
  private readonly read = new Map<string, Question>();
  private readonly sets = new Map<string, QuestionSet>();

  constructor(net: OneWayNet, setting: OneWay) {
    this.net = net;
    this.setting = setting;
  }

  /** Reads those that are not known yet, all at once. */
  async learn(questions: ReadonlyMap<string, Int32Array>, scope: TensorScope): Promise<void> {
    const missing = [...questions].filter(([name]) => !this.read.has(name));
    for (const name of questions.keys()) touch(this.read, name);
    if (missing.length === 0) return;
    const { net, setting } = this;
    const { text } = net;
    const rows = questionRows(missing.map(([, ids]) => ids));
    const mask = await scope.slice(() => paddingMask(rows));
    let x = await scope.slice(() => embedded(text, rows));
    const kept: Tensor2D[] = [];
    for (const [index, layer] of text.layers.entries()) {
      const before = x;
      const keeps = index >= setting.sharedLayers;
      const { attended, own } = await scope.slice(() => {
        const joined = linear(before, layer.queryKeyValue);
        const attended = selfAttention(text, layer, { x: before, own: joined, beside: joined, batch: rows.rows, mask });
        return { attended, own: keeps ? joined : null };
      }, before);
      if (own) kept.push(own);
      x = await scope.slice(() => feedForward(layer, attended), attended);
    }
    const last = x;
    const cut = await scope.slice(() => {
      const query = net.queryVector(last, rows);
      const fromQuery = linear(query, net.fromQuery);
      const row = (of: Tensor2D, at: number, count: number): Tensor2D =>
        slice(of, [at * count, 0], [count, of.shape[1]]);
      return missing.map(([, ids], at) => ({
        pieces: ids.length,
        slots: rows.length,
        layers: kept.map((layer) => row(layer, at, rows.length)),
        query: row(query, at, 1),
        fromQuery: row(fromQuery, at, 1),
      }));
    }, [last, mask, ...kept]);
    missing.forEach(([name], at) => void this.read.set(name, scope.release(cut[at]!)));
  }

  /** [names, …]: what is read off the questions' vectors, and the vectors. */
  vectors(names: readonly string[]): { readonly fromQuery: Tensor2D; readonly query: Tensor2D } {
    const all = names.map((name) => this.read.get(name)!);
    const join = (parts: Tensor2D[]): Tensor2D => (parts.length === 1 ? parts[0]!.clone() : concat(parts, 0));
    return { fromQuery: join(all.map((one) => one.fromQuery)), query: join(all.map((one) => one.query)) };
  }

  /** What the rows of a run look at beside themselves. */
  async set(names: readonly string[], scope: TensorScope): Promise<QuestionSet> {
    const key = names.join(";");
    if (touch(this.sets, key)) return this.sets.get(key)!;
    const all = names.map((name) => this.read.get(name)!);
    const slots = all.reduce((most, one) => Math.max(most, one.slots), 0);
    const width = 3 * this.net.text.sizes.width;
    const layers = await scope.slice(() =>
      all[0]!.layers.map(
        (_, layer) =>
          concat(
            all.map((one) => padded(one.layers[layer]!, slots, width)),
            0,
          ) as Tensor3D,
      ),
    );
    const set = { slots, pieces: Int32Array.from(all, (one) => one.pieces), layers: scope.release(layers) };
    this.sets.set(key, set);
    return set;
  }

  /** Between runs: what was asked longest ago makes room. */
  trim(): void {
    dropOldest(this.read, KEPT_QUESTIONS);
    dropOldest(this.sets, KEPT_SETS);
  }

  clear(): void {
    dropOldest(this.read, 0);
    dropOldest(this.sets, 0);
  }
}

/** Makes what is there the most recent. */
function touch<T>(kept: Map<string, T>, key: string): boolean {
  const value = kept.get(key);
  if (value === undefined) return false;
  kept.delete(key);
  kept.set(key, value);
  return true;
}

function dropOldest(kept: Map<string, unknown>, most: number): void {
  for (const [key, value] of kept) {
    if (kept.size <= most) return;
    kept.delete(key);
    disposeTree(value);
  }
}

function padded(rows: Tensor2D, slots: number, width: number): Tensor3D {
  const rest = slots - rows.shape[0];
  const whole = rest === 0 ? rows : concat([rows, tensor2d(new Float32Array(rest * width), [rest, width])], 0);
  return reshape(whole, [1, slots, width]);
}

function questionRows(questions: readonly Int32Array[]): TokenRows {
  const longest = questions.reduce((most, { length }) => Math.max(most, length), 0);
  const length = Math.ceil(longest / SLOTS) * SLOTS;
  const ids = new Int32Array(questions.length * length);
  questions.forEach((question, row) => void ids.set(question, row * length));
  const zeros = new Int32Array(ids.length);
  const lengths = Int32Array.from(questions, (question) => question.length);
  return { rows: questions.length, length, ids, segments: zeros, shapes: zeros, lengths };
}

/** A row of width d_t for each piece of each row without its question: H [T·S, d_t]. */
export async function readSentences(
  net: Bert,
  setting: OneWay,
  parts: Parts,
  questions: QuestionSet,
  scope: TensorScope,
): Promise<Tensor2D> {
  const { rows, sentences, sentenceOf } = parts;
  const alone = await scope.slice(() => paddingMask(sentences));
  let x = await scope.slice(() => embedded(net, sentences, setting.sentenceStart));
  for (const layer of net.layers.slice(0, setting.sharedLayers)) {
    const before = x;
    const attended = await scope.slice(() => {
      const own = linear(before, layer.queryKeyValue);
      return selfAttention(net, layer, { x: before, own, beside: own, batch: sentences.rows, mask: alone });
    }, before);
    x = await scope.slice(() => feedForward(layer, attended), attended);
  }
  const mask = await scope.slice(() => concat([paddingMask(rows), questionMask(questions)], 1) as Tensor2D, alone);
  for (const [index, layer] of net.layers.slice(setting.sharedLayers).entries()) {
    const before = x;
    const attended = await scope.slice(() => {
      const joined = linear(before, layer.queryKeyValue);
      // Below the first upper layer nothing depends on the question, nor do its queries, keys and values of the sentence.
      const given = index > 0 ? { x: before, own: joined } : spread(before, joined, sentenceOf, rows.length);
      return selfAttention(net, layer, {
        ...given,
        beside: beside(given.own, questions, index),
        batch: rows.rows,
        mask,
      });
    }, before);
    x = await scope.slice(() => feedForward(layer, attended), attended);
  }
  return x;
}

const questionMask = ({ pieces, slots }: QuestionSet): Tensor2D =>
  paddingMask({ rows: pieces.length, length: slots, lengths: pieces });

/** Each row's sentence, for all rows. */
function spread(
  x: Tensor2D,
  joined: Tensor2D,
  sentenceOf: readonly number[],
  length: number,
): Pick<Attending, "x" | "own"> {
  if (sentenceOf.every((sentence, row) => sentence === row)) return { x, own: joined };
  const single = x.shape[0] === length;
  const all = (of: Tensor2D): Tensor2D =>
    concat(
      sentenceOf.map((at): Tensor2D => (single ? of : slice(of, [at * length, 0], [length, of.shape[1]]))),
      0,
    );
  return { x: all(x), own: all(joined) };
}

/** Rows of sentences with their questions' behind them: [T·(S + slots), 3d_t]. */
function beside(own: Tensor2D, { layers, pieces, slots }: QuestionSet, layer: number): Tensor2D {
  const [batch, width] = [pieces.length, own.shape[1]];
  const length = own.shape[0] / batch;
  const both = concat([reshape(own, [batch, length, width]) as Tensor3D, layers[layer]!], 1);
  return reshape(both, [batch * (length + slots), width]);
}
