// Every reader of strangers' files and texts under growing inputs of the shapes that make parsers slow.
import { describe } from "vitest";
import { looksLikeTweet } from "../../../src/app/intake/tweet-html.js";
import { type CorpusFormat, joinTokens, readCorpus } from "../../../src/corpus/index.js";
import { checkResults } from "../../../src/element/check-results.js";
import { segmentText } from "../../../src/element/segment-text.js";
import { basicTokens } from "../../../src/text/normaliser.js";
import { findWords } from "../../../src/text/words.js";
import { readImageHeader } from "../../../src/vision/header.js";
import { holdLinear } from "../support/growth.js";
import { attempts } from "../support/ledger.js";

const attempt = attempts("1 input");

async function read(format: CorpusFormat, text: string): Promise<void> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
  }
  for await (const _ of readCorpus(pieces(), format));
}

const UNCASED = { splitIdeographs: true, stripAccents: true, lowerCase: true };

/** What is written again and again, with what stands before and behind. */
type Shape = readonly [name: string, before: string, again: string, behind: string];

const grown = ([, before, again, behind]: Shape, size: number): string =>
  before + again.repeat(Math.ceil(size / again.length)) + behind;

const csv: readonly Shape[] = [
  ["a lone quote, then rows", 'text\n"lone\n', "a row\n", ""],
  ["a lone quote in each row", "text\n", '"lone\n', ""],
  ["a lone quote in every third row", "text,id\n", 'a,1\n"lone,2\nb,3\n', ""],
  ["a lone quote, then doubled ones", 'text\n"lone\n', '""""\n', ""],
  ["quotes that close and open", 'text,id\n"', '","\n', ""],
  ["one long row of quotes", "text\n", '"', ""],
  ["one row of separators", "text\n", ",", ""],
  ["a quoted field of empty lines", 'text\n"', "\n", '"\n'],
  ["rows that are longer", 'text\n"lone\n', `${"long ".repeat(2000)}\n`, ""],
];
const conll: readonly Shape[] = [
  ["inner spaces", "a", " ", "b\tO\n"],
  ["spaces", "", " ", "\n"],
  ["white of other kinds", "a\t", "\u2003\u00a0", "\tO\n"],
  ["tabs", "a", "\t", "O\n"],
  ["image lines", "", "IMGID: 1\n", ""],
  ["tokens of one tweet", "", "'\tO\n", ""],
  ["a cut link", "https\tO\n:\tO\n//a\tO\n", ".\tO\nb\tO\n", ""],
];
const jsonl: readonly Shape[] = [
  ["depth", "", "[", "\n"],
  ["keys", '{"text":"a"', ',"a":1', "}\n"],
  ["empty lines", "", " \n", ""],
];
const markup: readonly Shape[] = [
  ["open images", "", "<img ", ""],
  ["open images and an end", "", "<img ", ">"],
  ["classes that never end", "<img ", 'class="', ""],
  ["spaces before nothing", "<p>", " ", "pic.twitter"],
];
const texts: readonly Shape[] = [
  ["combining marks", "a", "\u0301\u0323", ""],
  ["combining marks of many kinds", "a", "\u0315\u0300\u05ae\u0301\u0327", ""],
  ["spacing and other marks", "a", "\u0903\u0315\u0300\u05ae\u0301\u0327", ""],
  ["marks out of order", "a\u0903", "\u0315\u0300", ""],
  ["joiners", "", "👩\u200d", ""],
  ["punctuation", "", "!.?", ""],
  ["links", "", "www.", ""],
  ["apostrophes", "", "a'", ""],
  ["flags", "", "🇩", ""],
  ["spaces", "a", " ", "b"],
];

describe("readers take no longer than their input is", () => {
  for (const [format, shapes] of [
    ["csv", csv],
    ["conll", conll],
    ["jsonl", jsonl],
  ] as const) {
    for (const shape of shapes) {
      attempt(`${format}: ${shape[0]}`, async () => {
        const { size, milliseconds } = await holdLinear(shape[0], (length) => read(format, grown(shape, length)), {
          from: 16_000,
          to: 1_024_000,
        });
        return { tries: 8, outcome: `${size} characters in ${milliseconds.toFixed(0)} ms` };
      });
    }
  }

  for (const shape of markup) {
    attempt(`pasted markup: ${shape[0]}`, async () => {
      const { size, milliseconds } = await holdLinear(shape[0], (length) => looksLikeTweet(grown(shape, length)));
      return { tries: 9, outcome: `${size} characters in ${milliseconds.toFixed(0)} ms` };
    });
  }

  for (const shape of texts) {
    attempt(`text: ${shape[0]}`, async () => {
      await holdLinear(`${shape[0]} as tokens`, (length) => joinTokens(grown(shape, length).split("")), { to: 16_000 });
      await holdLinear(`${shape[0]} as pieces`, (length) => basicTokens(grown(shape, length), 0, length, UNCASED), {
        to: 64_000,
      });
      const { size, milliseconds } = await holdLinear(shape[0], (length) => findWords(grown(shape, length)), {
        to: 64_000,
      });
      return { tries: 7, outcome: `${size} characters in ${milliseconds.toFixed(0)} ms` };
    });
  }
});

describe("results and photos", () => {
  const text = "Ada in London";
  attempt("results with many entities", async () => {
    const run = (count: number) => {
      const entities = Array.from({ length: count }, (_, index) => ({ start: 0, end: 1 + (index % 12), type: "PER" }));
      const { result } = checkResults({ text, entities });
      if (result) segmentText(result.text, result.entities);
    };
    const { size, milliseconds } = await holdLinear("entities", run, { from: 500, to: 64_000 });
    return { tries: 8, outcome: `${size} entities in ${milliseconds.toFixed(0)} ms` };
  });

  const pumped = (start: readonly number[], again: readonly number[], size: number): Uint8Array => {
    const bytes = new Uint8Array(start.length + Math.ceil(size / again.length) * again.length);
    bytes.set(start);
    for (let at = start.length; at < bytes.length; at += again.length) bytes.set(again, at);
    return bytes;
  };
  const photos = [
    ["JPEG of empty segments", [0xff, 0xd8], [0xff, 0xe1, 0, 2]],
    ["JPEG of fill bytes", [0xff, 0xd8], [0xff]],
    [
      "JPEG of scans",
      [0xff, 0xd8, 0xff, 0xc2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 17, 0],
      [0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0],
    ],
    ["GIF of empty frames", [71, 73, 70, 56, 57, 97, 1, 0, 1, 0, 0, 0, 0], [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 0]],
    [
      "AVIF of empty boxes",
      [0, 0, 0, 16, 102, 116, 121, 112, 97, 118, 105, 102, 0, 0, 0, 0],
      [0, 0, 0, 8, 102, 114, 101, 101],
    ],
    ["WebP of empty chunks", [82, 73, 70, 70, 255, 255, 255, 0, 87, 69, 66, 80], [69, 88, 73, 70, 0, 0, 0, 0]],
  ] as const;
  for (const [name, start, again] of photos) {
    attempt(`photos: ${name}`, async () => {
      const run = (size: number) => {
        try {
          readImageHeader(pumped(start, again, size));
        } catch {
          // Refused is as good as read: what counts is how soon.
        }
      };
      const { size, milliseconds } = await holdLinear(name, run, { from: 64_000, to: 4_096_000 });
      return { tries: 7, outcome: `${size} bytes in ${milliseconds.toFixed(0)} ms` };
    });
  }
});
