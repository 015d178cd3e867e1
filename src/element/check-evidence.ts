// Reads what a system says it looked at. It may come from anywhere, as results do; what does not fit is left out.
import type { Evidence, ImageKind } from "../core/results.js";
import {
  isNumber,
  isObject,
  type Loose,
  list,
  probability,
  type Report,
  readAttention,
  readRegion,
} from "./check-results.js";

/** Problems are not told: evidence only illustrates. */
const ignore: Report = () => null;

const weight = (value: unknown): number => (isNumber(value) && value >= 0 ? value : 0);

/** What can be drawn of it, for a result with so many names. */
export function checkEvidence(value: unknown, names: number): Evidence | null {
  if (!isObject(value)) return null;
  const objects = (name: string): readonly Loose[] => list(value[name]).filter(isObject);
  const perName = list(value.entities).slice(0, names);
  switch (value.kind) {
    case "queries":
      return { kind: "queries" };
    case "gate":
      return { kind: "gate", entities: perName.map(probability) };
    case "heat":
      return { kind: "heat", entities: perName.map((attention) => readAttention(attention, "evidence", ignore)) };
    case "graph": {
      const nodes = objects("nodes").flatMap(({ label, region }) => {
        const read = readRegion(region, "evidence", ignore);
        return read ? [{ label: String(label ?? ""), region: read }] : [];
      });
      const entities = perName.map((weights) => nodes.map((_, index) => weight(list(weights)[index])));
      // One node that cannot be read would shift the weights of all others.
      return nodes.length === list(value.nodes).length ? { kind: "graph", nodes, entities } : null;
    }
    case "clues":
      return {
        kind: "clues",
        clues: objects("clues").map((clue) => ({ text: String(clue.text), weight: weight(clue.weight) })),
      };
    case "slots":
      return {
        kind: "slots",
        slots: objects("slots").map(({ entity, score }) => ({
          entity:
            Number.isInteger(entity) && (entity as number) >= 0 && (entity as number) < names
              ? (entity as number)
              : null,
          score: probability(score),
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
