// MNER-QG: every type of name is a question, and each question has its own spans and its own place in the photo.
import { buildSequences, type Sequences } from "../../text/index.js";
import type { System } from "../system.js";
import { type MnerQgConfig, readConfig } from "./config.js";
import { decode } from "./decode.js";
import { forwardOneWay } from "./forward-one-way.js";
import { declare, encodePhoto, forward, type Net, type Photo } from "./network.js";
import { type Answer, collect, type MnerQgOutput } from "./output.js";

export const mnerQg: System<MnerQgConfig, Net, Sequences, Photo, MnerQgOutput, Answer> = {
  name: "mner-qg",
  capabilities: { ownQueries: true, boxes: "query", photo: true },
  perPiece: ["start", "end"],
  readConfig,
  declare,
  needsHalf,
  encodePhoto,
  inputs: ({ tokenizer, prepared, queries, multipleOf }, { maxPieces }) =>
    buildSequences(tokenizer, prepared, queries, { maxPieces, multipleOf }),
  forward: (net, ...run) => (net.oneWay ? forwardOneWay : forward)(net, ...run),
  collect,
  decode,
};

/**
 * A small image encoder stays in half precision: its deep stack of thin pointwise layers adds up 8-bit errors until one box
 * in ten moves to another place, and all of it is a thirtieth of the model. So does what draws boxes at the end of it.
 */
function needsHalf(weight: string, { image }: MnerQgConfig): boolean {
  return (
    image.kind !== "darknet53-fpn" && /^(?:image_encoder|grounding_head\.objects|relatedness|image_kind)\./.test(weight)
  );
}
