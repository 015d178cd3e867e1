// Files of tweets as they come: sound lines, lines of other kinds of file, quotes that never close, and spoiled bytes.
import fc from "fast-check";
import type { CorpusFormat } from "../../../src/corpus/index.js";
import { mutate } from "../../cli/support/mutate.js";
import { seededRandom } from "../../cli/support/random.js";
import { arbitraryText } from "../../support/arbitrary-text.js";
import { hostileTexts } from "./xss-corpus.js";

const beginnings: Readonly<Record<CorpusFormat, string>> = { csv: "id,text,image\n", jsonl: "", conll: "" };

const sound: Readonly<Record<CorpusFormat, readonly string[]>> = {
  csv: ["1,Ada in Oslo,a.jpg", '2,"said ""hi"", and\nleft",', "3,x\r"],
  jsonl: ['{"id":"1","text":"Ada in Oslo","image":"a.jpg"}', '{"text":"x","__proto__":{"polluted":1}}', "[]", "null"],
  conll: ["IMGID:12", "Ada\tB-PER", "in O", "Oslo\tB-LOC", "", "#\tO", "-DOCSTART- O"],
};

export function arbitraryCorpus(format: CorpusFormat): fc.Arbitrary<Uint8Array> {
  const odd = [...Object.values(sound).flat(), '"', '{"text":', "\ufeff", ",,,,", "\t", "\r", "\u2028", "{}{}"];
  const line = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...sound[format]) },
    fc.constantFrom(...odd, ...hostileTexts),
    arbitraryText,
    arbitraryText.map((text) => JSON.stringify({ text, image: text })),
  );
  const file = fc.array(line, { maxLength: 12 }).map((lines) => `${beginnings[format]}${lines.join("\n")}\n`);
  return fc.tuple(file, fc.nat(), fc.boolean()).map(([text, seed, whole]) => {
    const bytes = new TextEncoder().encode(text);
    return whole ? bytes : mutate(bytes, seededRandom(seed));
  });
}
