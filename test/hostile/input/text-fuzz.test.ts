// Texts, spans and labels that nobody would write and somebody will send.
import fc from "fast-check";
import { describe } from "vitest";
import { readFragment, writeFragment } from "../../../src/app/state/share-link.js";
import { checkResults } from "../../../src/element/check-results.js";
import { toCoco } from "../../../src/element/exports/coco.js";
import { toConll } from "../../../src/element/exports/conll.js";
import { escapeXml } from "../../../src/element/exports/paint-svg.js";
import { toWebAnnotation } from "../../../src/element/exports/web-annotation.js";
import { graphemeEdges, segmentText } from "../../../src/element/segment-text.js";
import { decodeSpans } from "../../../src/systems/mner-qg/decode-spans.js";
import { buildSequences, prepareText } from "../../../src/text/index.js";
import { arbitraryText } from "../../support/arbitrary-text.js";
import { modelTokenizer } from "../../support/test-tokenizer.js";
import { fuzz } from "../support/fuzz.js";
import { attempts } from "../support/ledger.js";
import { hostileTexts } from "../support/xss-corpus.js";

const attempt = attempts("1 input");
const tokenizer = modelTokenizer();
const label = fc.oneof(fc.constantFrom(...hostileTexts), arbitraryText);
const anyNumber = fc.oneof(fc.integer({ min: -5, max: 120 }), fc.double(), fc.constantFrom(2 ** 31, 2 ** 53, -0));

function assert(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

describe("fuzzed", () => {
  const logit = fc.double({ min: -9, max: 9, noNaN: true });
  attempt("text: words, pieces, windows and spans", () =>
    fuzz({
      name: "text",
      arbitrary: fc.record({ text: label, query: label, logits: fc.array(logit, { minLength: 1, maxLength: 40 }) }),
      codes: ["text-empty", "query-invalid"],
      seen: ["found", "nothing found", "text-empty"],
      check: ({ text, query, logits }) => {
        const prepared = prepareText(tokenizer, text);
        const queries = [{ label: "PER", query: query.slice(0, 40) || "who" }];
        const sequences = buildSequences(tokenizer, prepared, queries, { maxPieces: 96 });
        const any = (length: number): Float32Array =>
          Float32Array.from({ length }, (_, index) => logits[(index * 7) % logits.length]!);
        const size = sequences.rows * sequences.length;
        const found = { start: any(size), end: any(size), existence: any(sequences.rows) };
        const { spans } = decodeSpans(prepared, sequences, queries, found, { maxSpanWords: 8 });
        const edges = graphemeEdges(text);
        const isEdge = (offset: number): boolean => edges.before(offset) === offset;
        for (const span of spans) {
          assert(span.text === text.slice(span.start, span.end) && span.start < span.end, "A span is not in the text.");
          assert(isEdge(span.start) && isEdge(span.end), "A span splits a character.");
        }
        return spans.length > 0 ? "found" : "nothing found";
      },
    }),
  );

  attempt("spans: any set of them leaves the text as it is", () =>
    fuzz({
      name: "spans",
      arbitrary: fc.record({
        text: label,
        spans: fc.array(fc.record({ start: anyNumber, end: anyNumber }), { maxLength: 30 }),
      }),
      codes: [],
      check: ({ text, spans }) => {
        const { runs, spans: drawn } = segmentText(text, spans);
        assert(runs.map((run) => run.text).join("") === text, "The runs are not the text.");
        return drawn.length < spans.length ? "some left out" : "all drawn";
      },
    }),
  );

  attempt("results: anything a page may hand in", () =>
    fuzz({
      name: "results",
      arbitrary: fc.oneof(
        fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
        fc.record(
          { text: label, entities: fc.array(fc.object({ key: fc.constantFrom("start", "end", "type", "region") })) },
          { requiredKeys: [] },
        ),
      ),
      codes: [],
      check: (given) => {
        const { result, error } = checkResults(given);
        for (const { start, end, text } of result?.entities ?? []) {
          assert(text === result!.text.slice(start, end) && text !== "", "An entity is not in its text.");
        }
        assert(error === null || error.code === "results-invalid", "Another code.");
        return error?.code ?? "drawn";
      },
    }),
  );

  attempt("labels: in every export", () =>
    fuzz({
      name: "labels",
      arbitrary: fc.record({ type: label, text: label, photo: label, at: fc.nat(20), length: fc.nat(20) }),
      codes: [],
      check: ({ type, text, photo, at, length }) => {
        const entity = { start: at, end: at + length, type, score: 0.5, region: { box: [1, 2, 3, 4], score: 1 } };
        const { result } = checkResults({ text, image: { width: 9, height: 9 }, entities: [entity], queries: [] });
        if (!result) return "nothing to draw";
        for (const line of toConll(result).split("\n")) {
          assert(line === "" || /^[^\t\p{Cc}]+\t(?:O|[BI]-[^\t\p{Cc}]+)$/u.test(line), `A broken line: ${line}`);
        }
        const source = { page: photo, photo };
        const plain = JSON.stringify([toWebAnnotation(result, source), toCoco(result, source)]);
        assert(!/"(?:source|coco_url)":"(?!https?:|urn:|")/i.test(plain), "An address that could be opened.");
        assert(!/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/.test(escapeXml(type + text)), "Markup in a picture.");
        return "written";
      },
    }),
  );

  attempt("share links: fragments of an address", () =>
    fuzz({
      name: "share links",
      arbitrary: fc
        .array(fc.tuple(fc.constantFrom("text", "photo", "ask", "threshold", "view", "backend", "__proto__"), label))
        .map((fields) => fields.map(([name, value]) => `${name}=${value}`).join("&")),
      codes: [],
      seen: ["read", "nothing known"],
      check: (fragment) => {
        const found = readFragment(fragment);
        if (found === null) return "nothing known";
        assert(found.example == null || /^[a-z0-9-]+$/.test(found.example), "A photo's name that is a path.");
        const usual = { view: "single", text: "", example: null, queries: [], threshold: null } as const;
        const again = readFragment(writeFragment({ ...usual, nested: false, backend: "auto", ...found }));
        assert(again === null || Object.keys(again).every((key) => key in found), "A link says more than it was told.");
        return "read";
      },
    }),
  );
});
