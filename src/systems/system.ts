// What a system is to the engine: how its network is built and run, what it reads, and what its numbers mean. A system is a
// folder beside this file and a line in the registry (index.ts); nothing outside of it knows its name.
import type { Tensor4D } from "@tensorflow/tfjs-core";
import type { JsonRecord } from "../core/json.js";
import type { Capabilities, Entity, Evidence, ImageKind, Query, QueryResult } from "../core/results.js";
import type { BertSizes, TokenRows } from "../encoders/bert.js";
import type { ImageSizes } from "../encoders/index.js";
import type { Parameters } from "../nn/parameters.js";
import type { TensorScope } from "../nn/tensor-scope.js";
import type { PreparedText, Tokenizer } from "../text/index.js";
import type { Letterbox } from "../vision/index.js";

/** What every system's config says, whatever else it says. */
export interface SystemConfig {
  readonly text: BertSizes;
  /** Null when it looks at no photo. */
  readonly image: ImageSizes | null;
  /** Most pieces in one row. */
  readonly maxPieces: number;
  /** Least calibrated score of a name, unless the caller says otherwise. */
  readonly threshold: number;
}

/** What the network gave for some rows: logits by name, row after row. */
export type RowOutput = Readonly<Record<string, Float32Array | null>>;

/** A text, ready to be laid out in rows. */
export interface InputRequest {
  readonly tokenizer: Tokenizer;
  readonly prepared: PreparedText;
  /** The model's own questions and the caller's. */
  readonly queries: readonly Query[];
  /** Rows are padded to a multiple of this. */
  readonly multipleOf: number;
}

/** Takes in the output of a text's rows, part by part, and keeps no more of it than the answer needs. */
export interface Collector<Output, Answer> {
  /** The output of `rows` rows from `from` on. */
  add(output: Output, from: number, rows: number): void;
  answer(): Answer;
}

export interface DecodeRequest {
  readonly prepared: PreparedText;
  readonly queries: readonly Query[];
  /** Where the photo lies in the network's square; null without one. */
  readonly letterbox: Letterbox | null;
  /** Keep overlapping names of different types. */
  readonly nested: boolean;
  readonly threshold: number;
}

export interface Decoded {
  readonly entities: readonly Entity[];
  /** One per question; a system without questions gives none. */
  readonly queries: readonly QueryResult[];
  readonly relatedness?: number | null;
  readonly imageKind?: ImageKind | null;
  readonly evidence?: Evidence | null;
}

/**
 * `Net` holds the network's parameters, `Photo` is an object of tensors that is kept per photo and may be carried to another
 * thread, `Input` is the rows of one text with whatever decoding must know of their layout.
 */
export interface System<
  Config extends SystemConfig = SystemConfig,
  Net = unknown,
  Input extends TokenRows = TokenRows,
  Photo = unknown,
  Output extends RowOutput = RowOutput,
  Answer = unknown,
> {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Checks a manifest's config and calibration; fails with `model-manifest-invalid`. */
  readConfig(config: JsonRecord, calibration: JsonRecord): Config;
  /** The one place where weights are named and shaped. */
  declare(p: Parameters, config: Config): Net;
  /** Whether a weight loses too much in 8 bits and must stay in 16. */
  needsHalf(weight: string, config: Config): boolean;
  /** Pixels [1, S, S, 3] → what all texts put to this photo share. Never called where `capabilities.photo` is false. */
  encodePhoto(net: Net, pixels: Tensor4D, scope: TensorScope): Promise<Photo>;
  inputs(request: InputRequest, config: Config): Input;
  /** Reads like the reference's forward. The photo may still be on its way: the text is read meanwhile. */
  forward(net: Net, rows: TokenRows, photo: Photo | Promise<Photo> | null, scope: TensorScope): Promise<Output>;
  collect(input: Input): Collector<Output, Answer>;
  /** What the numbers mean. Small layers that run in plain code (a chain over tags, for instance) are in `net`. */
  decode(net: Net, config: Config, answer: Answer, input: Input, request: DecodeRequest): Decoded;
  /** Names of outputs that are numbers per piece, where padding means nothing. */
  readonly perPiece: readonly string[];
}
