import { describe, expect, it } from "vitest";
import { modelFile, modelTokenizer } from "../../test/support/test-tokenizer.js";
import { MnerError } from "../core/mner-error.js";
import { prepareText } from "./prepare.js";
import { createTokenizer, type Tokenizer } from "./tokenizer.js";

const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "Anna", "anna", "##s", "http"];
const ids = (tokenizer: Tokenizer, text: string): number[] =>
  prepareText(tokenizer, text).pieces.map((piece) => piece.id);

describe("createTokenizer", () => {
  it("needs no more than a vocabulary", () => {
    expect(ids(createTokenizer({ "vocab.txt": vocabulary.join("\n") }), "Annas Bob http://x")).toEqual([5, 6, 1, 7]);
    expect(ids(createTokenizer({ "vocab.txt": `${vocabulary.join("\r\n")}\r\n` }), "Annas")).toEqual([5, 6]);
  });

  it("takes case and accents from tokenizer_config.json", () => {
    const cased = createTokenizer({
      "vocab.txt": vocabulary.join("\n"),
      "tokenizer_config.json": '{"do_lower_case":false}',
    });
    expect(ids(cased, "Anna ánna")).toEqual([4, 1]);
  });

  it("takes everything from a tokenizer.json that has it", () => {
    const tokenizer = createTokenizer({
      "tokenizer.json": JSON.stringify({
        normalizer: {
          type: "BertNormalizer",
          clean_text: true,
          handle_chinese_chars: true,
          strip_accents: null,
          lowercase: true,
        },
        model: {
          type: "WordPiece",
          unk_token: "[UNK]",
          continuing_subword_prefix: "++",
          max_input_chars_per_word: 6,
          vocab: { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, anna: 7, "++s": 9 },
        },
      }),
    });
    expect(ids(tokenizer, "Annas annasss")).toEqual([7, 9, 1]);
    expect(prepareText(tokenizer, "xAnnas Annas").pieces.slice(1)).toMatchObject([
      { start: 7, end: 11 },
      { start: 11, end: 12 },
    ]);
    expect(tokenizer.special.link).toBe(1);
  });

  it("builds from the shipped folder", () => {
    expect(modelTokenizer().special).toEqual({
      padding: 0,
      unknown: 100,
      classification: 101,
      separator: 102,
      link: 8299,
    });
    expect(modelTokenizer().vocabularySize).toBe(30522);
    expect(JSON.parse(modelFile("tokenizer_config.json"))).toMatchObject({ tokenizer_class: "BertTokenizer" });
  });

  it.each<[what: string, files: Record<string, string>]>([
    ["no file at all", {}],
    ["no vocabulary", { "tokenizer_config.json": "{}" }],
    ["a page instead of JSON", { "vocab.txt": vocabulary.join("\n"), "tokenizer_config.json": "<!doctype html>" }],
    ["JSON that is no object", { "vocab.txt": vocabulary.join("\n"), "tokenizer_config.json": "[]" }],
    ["another kind of model", { "tokenizer.json": '{"model":{"type":"BPE","vocab":{}}}' }],
    ["another normaliser", { "vocab.txt": vocabulary.join("\n"), "tokenizer.json": '{"normalizer":{"type":"NFC"}}' }],
    ["a vocabulary without [CLS]", { "vocab.txt": vocabulary.filter((token) => token !== "[CLS]").join("\n") }],
    ["a vocabulary without [UNK]", { "vocab.txt": "a\nb" }],
    ["a page instead of a vocabulary", { "vocab.txt": "<!doctype html>\n<title>404</title>" }],
  ])("refuses %s", (_, files) => {
    expect(() => createTokenizer(files)).toThrow(expect.objectContaining({ code: "model-mismatch" }));
    expect(() => createTokenizer(files)).toThrow(MnerError);
  });
});

describe("queryIds", () => {
  it("remembers a query", () => {
    const tokenizer = modelTokenizer();
    expect(tokenizer.queryIds("a sports team")).toBe(tokenizer.queryIds("a sports team"));
    expect([...tokenizer.queryIds("a sports team")]).toEqual([1037, 2998, 2136]);
  });

  it.each(["", " \n", "\u200b"])("refuses %j", (query) => {
    expect(() => modelTokenizer().queryIds(query)).toThrow(expect.objectContaining({ code: "query-invalid" }));
  });
});
