// The folder that an add-on is written over: what it has is not written again, and deltas of its matrices are.
import { relative, resolve, sep } from "node:path";
import { MnerError } from "../../core/mner-error.js";
import type { BaseFolder, Weights } from "../../model/index.js";
import { loadModelFolder } from "../../model/node.js";
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { textOption } from "../terminal/options.js";
import type { CheckpointFiles } from "./checkpoint-folder.js";
import type { ConvertOptions } from "./convert-command.js";

export interface Base {
  readonly entry: BaseFolder;
  readonly weights: Weights;
}

const VOCABULARY = "vocab.txt";

/** Null where --base is not given. */
export async function openBase(
  { out, values }: ConvertOptions,
  files: CheckpointFiles,
  signal: AbortSignal,
): Promise<Base | null> {
  const folder = textOption(values, "base");
  if (folder === undefined) return null;
  const { release, weights, tokenizerFiles } = await loadModelFolder(folder, { signal });
  const own = files.tokenizer.find(({ path }) => path === VOCABULARY)?.bytes;
  const theirs = tokenizerFiles.get(VOCABULARY);
  if (own && theirs && Buffer.compare(own, theirs) !== 0) {
    throw new MnerError(
      "input-invalid",
      `${folder} reads text with another vocabulary than the checkpoint. Give the model folder that the checkpoint was trained over.`,
    );
  }
  const path = `${relative(resolve(out), resolve(folder)).split(sep).join("/")}/`;
  return { entry: { path, release }, weights };
}

interface Expected {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly normed: readonly string[];
}

const DELTA = /^(.*)\.low_rank\.(?:down|up)$/;

/** Of the expected weights those that the checkpoint brings, or nobody has; and what it adds to the base's matrices. */
export function onlyOwn({ shapes, normed }: Expected, checkpoint: Checkpoint, base: Weights): Expected {
  const own = [...shapes].filter(([name]) => checkpoint.tensors.has(name) || !base.has(name));
  const deltas = [...checkpoint.tensors].flatMap(([name, { shape }]) => {
    const matrix = DELTA.exec(name)?.[1];
    return matrix !== undefined && shapes.has(`${matrix}.weight`) ? [[name, shape] as const] : [];
  });
  return { shapes: new Map([...own, ...deltas]), normed };
}
