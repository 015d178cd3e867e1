// Reads what a system says it looked at. It may come from anywhere, as results do; what does not fit is left out.
import type { Evidence, ImageKind } from "../engine/results.js";
import {
  isNumber,
  isObject,
  type Loose,
  list,
  probability,
  type Report,
  readAttention,
  readBox,
  readRegion,
} from "./check-results.js";

/** Offsets of a stretch of the text; empty when they are none. */
function readSpan({ start, end }: Loose, text: string): { start: number; end: number } | null {
  const fits =
    Number.isInteger(start) && Number.isInteger(end) && (start as number) >= 0 && (end as number) <= text.length;
  return fits && (start as number) < (end as number) ? { start: start as number, end: end as number } : null;
}

const finite = (value: unknown): number => (isNumber(value) ? value : Number.NaN);

/** Problems are not told: evidence only illustrates. */
const ignore: Report = () => null;

/** What can be drawn of it; what does not fit is left out, as it only illustrates. */
export function checkEvidence(value: unknown, text: string): Evidence | null {
  if (!isObject(value)) return null;
  const objects = (name: string): readonly Loose[] => list(value[name]).filter(isObject);
  switch (value.kind) {
    case "queries":
      return { kind: "queries" };
    case "gate":
      return {
        kind: "gate",
        words: objects("words").flatMap((word) => {
          const span = readSpan(word, text);
          return span ? [{ ...span, gate: probability(word.gate) }] : [];
        }),
      };
    case "heat":
      return {
        kind: "heat",
        maps: objects("maps").flatMap((map) => {
          const attention = readAttention(map.attention, "evidence", ignore);
          return attention ? [{ ...readSpan(map, text), attention }] : [];
        }),
      };
    case "graph": {
      const words = objects("words").map((word) => readSpan(word, text) ?? { start: 0, end: 0 });
      const regions = objects("regions").flatMap(({ box, label }) => {
        const read = readBox(box);
        return read ? [{ box: read, ...(typeof label === "string" ? { label } : {}) }] : [];
      });
      const edges = objects("edges")
        .map(({ from, to, weight }) => ({ from: finite(from), to: finite(to), weight: finite(weight) }))
        .filter(({ from, to, weight }) => words[from] && regions[to] && weight >= 0);
      return { kind: "graph", words, regions, edges };
    }
    case "clues":
      return {
        kind: "clues",
        clues: objects("clues").map(({ text: words, weight, box }) => ({
          text: String(words),
          weight: finite(weight),
          box: readBox(box),
        })),
      };
    case "slots":
      return {
        kind: "slots",
        slots: objects("slots").map(({ type, score, region, ...span }) => ({
          type: typeof type === "string" ? type : null,
          ...readSpan(span, text),
          score: probability(score),
          region: readRegion(region, "evidence", ignore),
        })),
      };
    default:
      return null;
  }
}

const kinds: readonly string[] = ["photo", "drawing", "screenshot", "lettering"];

export function checkKind(value: unknown): ImageKind | null {
  if (!isObject(value) || !kinds.includes(value.kind as string)) return null;
  return { kind: value.kind as ImageKind["kind"], score: probability(value.score) };
}
