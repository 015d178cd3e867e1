// Reads a model folder's tokeniser files into what WordPiece is built from. `vocab.txt` and `tokenizer_config.json` are
// enough (the pair every BERT comes with); a `tokenizer.json` with its own vocabulary is enough too.
import { MnerError } from "../core/mner-error.js";
import type { NormaliserOptions } from "./normaliser.js";

/** Contents of the tokeniser files by file name. */
export type TokenizerFiles = Readonly<Record<string, string>>;

/** What the files say, brought to one form. */
export interface TokenizerDescription {
  /** For the library, as in the `model` of a tokenizer.json. */
  readonly wordPiece: unknown;
  readonly normaliser: NormaliserOptions;
  /** What marks a piece that does not begin its word. */
  readonly continuation: string;
}

type JsonObject = Readonly<Record<string, unknown>>;

const VOCABULARY = "vocab.txt";
const TOKENIZER = "tokenizer.json";
const CONFIG = "tokenizer_config.json";

export function describeTokenizer(files: TokenizerFiles): TokenizerDescription {
  const tokenizer = readJson(files, TOKENIZER);
  const config = readJson(files, CONFIG);
  const model = objectAt(tokenizer, "model");
  const normalizer = objectAt(tokenizer, "normalizer");
  refuseOthers(model, normalizer);
  const vocabulary = objectAt(model, "vocab") ?? readVocabulary(files);
  if (vocabulary === null) {
    throw new MnerError(
      "model-mismatch",
      `The model folder has no vocabulary: it needs ${VOCABULARY}, or a ${TOKENIZER} that carries one. Convert the model again.`,
    );
  }
  // Null, as in "not said", means as for an uncased BERT; accents go where capitals go.
  const lowerCase = flag(normalizer?.lowercase) ?? flag(config?.do_lower_case) ?? true;
  const stripAccents = flag(normalizer?.strip_accents) ?? flag(config?.strip_accents) ?? lowerCase;
  const splitIdeographs = flag(normalizer?.handle_chinese_chars) ?? flag(config?.tokenize_chinese_chars) ?? true;
  const continuation = typeof model?.continuing_subword_prefix === "string" ? model.continuing_subword_prefix : "##";
  return {
    continuation,
    wordPiece: {
      type: "WordPiece",
      unk_token: model?.unk_token ?? config?.unk_token ?? "[UNK]",
      continuing_subword_prefix: continuation,
      max_input_chars_per_word: model?.max_input_chars_per_word ?? 100,
      vocab: vocabulary,
    },
    normaliser: { lowerCase, stripAccents, splitIdeographs },
  };
}

/** One token per line; its line number is its id. */
function readVocabulary(files: TokenizerFiles): Record<string, number> | null {
  const content = files[VOCABULARY];
  if (content === undefined) return null;
  const lines = content.split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  return Object.fromEntries(lines.map((line, id) => [line.endsWith("\r") ? line.slice(0, -1) : line, id]));
}

function readJson(files: TokenizerFiles, name: string): JsonObject | null {
  const content = files[name];
  if (content === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw new MnerError("model-mismatch", `${name} of the model folder is not JSON. Convert or copy the model again.`, {
      cause,
    });
  }
  if (!isObject(value)) {
    throw new MnerError(
      "model-mismatch",
      `${name} of the model folder holds no JSON object. Convert or copy the model again.`,
    );
  }
  return value;
}

/** The network was trained on BERT's pieces; with any others it would answer nonsense rather than fail. */
function refuseOthers(model: JsonObject | null, normalizer: JsonObject | null): void {
  const problem =
    model !== null && model.type !== undefined && model.type !== "WordPiece"
      ? `a ${String(model.type)} model instead of WordPiece`
      : normalizer !== null && normalizer.type !== "BertNormalizer"
        ? `the normaliser ${String(normalizer.type)} instead of BertNormalizer`
        : normalizer?.clean_text === false
          ? "a normaliser that does not clean the text"
          : null;
  if (problem === null) return;
  throw new MnerError(
    "model-mismatch",
    `${TOKENIZER} of the model folder describes ${problem}. Use a model with BERT's tokeniser.`,
  );
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectAt(parent: JsonObject | null, key: string): JsonObject | null {
  const value = parent?.[key];
  return isObject(value) ? value : null;
}

function flag(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}
