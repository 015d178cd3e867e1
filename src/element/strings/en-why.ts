// English of the "why" view, which comes with it.
import type { WhyStrings } from "./strings.js";

export const enWhy: WhyStrings = {
  whyNamedSeen: "The text names one, and the photo shows it.",
  whyNamed: "The text names one; the photo does not show it.",
  whySeen: "The text names none, but the photo shows one.",
  whyNone: "The text names none, and the photo shows none.",
  whyNamedOnly: "The text names one.",
  whyNoneOnly: "The text names none.",
  related: "photo belongs to the text",
  noName: "no name",
  kinds: {
    photo: "The picture is a photo.",
    drawing: "The picture is a drawing.",
    screenshot: "The picture is a screenshot.",
    lettering: "The picture is mostly lettering.",
  },
  evidence: {
    gate: "How far each name let the photo in",
    heat: "Where each name looked",
    graph: "What each name took from places in the photo",
    clues: "Words that the photo made likely",
    slots: "What each slot found",
  },
};
