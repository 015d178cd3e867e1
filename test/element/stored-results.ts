// Results as the engine gives them, written down by hand for tests and for the gallery.
import type { AnalysisResult, Attention, Box, Entity, Notice, QueryResult } from "../../src/core/results.js";

interface Named {
  /** The name as it stands in the text; `at` picks a later occurrence. */
  readonly name: string;
  readonly type: string;
  readonly score?: number;
  readonly box?: Box;
  /** Of the box; 0.9 when absent. */
  readonly boxScore?: number;
  /** Where it may be instead. */
  readonly or?: Box;
  readonly from?: number;
}

const questions: Readonly<Record<string, string>> = {
  PER: "Which people does the text name?",
  LOC: "Which places, cities and countries does the text name?",
  ORG: "Which companies, agencies, teams and institutions does the text name?",
  OTHER: "Which events, works and products does the text name?",
};

/** A bright spot around a box, as an attention over the photo would have it. */
function spot(box: Box | undefined, width: number, height: number): Attention {
  const columns = 16;
  const rows = Math.max(1, Math.round((16 * height) / width));
  const [x0, y0, x1, y1] = box ?? [0, 0, width, height];
  const cells = Array.from({ length: columns * rows }, (_, index) => {
    const x = (((index % columns) + 0.5) / columns) * width;
    const y = ((Math.floor(index / columns) + 0.5) / rows) * height;
    const across = (x - (x0 + x1) / 2) / Math.max(40, x1 - x0);
    const down = (y - (y0 + y1) / 2) / Math.max(40, y1 - y0);
    return box ? Math.exp(-4 * (across * across + down * down)) : 1 + 0.4 * Math.sin(index * 12.9);
  });
  const sum = cells.reduce((total, cell) => total + cell, 0);
  return { columns, rows, cells: cells.map((cell) => cell / sum) };
}

export function stored(
  text: string,
  image: AnalysisResult["image"],
  names: readonly Named[],
  notices: readonly Notice[] = [],
): AnalysisResult {
  const entities = names.map(({ name, type, score = 0.96, box, boxScore = 0.9, or, from = 0 }): Entity => {
    const start = text.indexOf(name, from);
    if (start < 0) throw new Error(`"${name}" does not stand in the text`);
    const region = box ? { box, score: boxScore } : null;
    const either = or ? { alternatives: [{ box: or, score: 0.42 }], ambiguous: true } : {};
    return { start, end: start + name.length, text: name, type, score, region, ...either };
  });
  const types = [...new Set([...Object.keys(questions), ...names.map(({ type }) => type)])];
  const queries = types.map((type): QueryResult => {
    const found = names.filter((name) => name.type === type);
    const box = found.find((name) => name.box)?.box;
    return {
      type,
      query: questions[type] ?? `Which ${type} does the text name?`,
      exists: found.length ? 0.97 : 0.03,
      region: box ? { box, score: 0.9 } : null,
      notInPhoto: image ? (box ? 0.06 : 0.91) : 1,
      alternatives: [],
      imageRelevance: image ? (box ? 0.41 : 0.12) : 0,
      attention: image ? spot(box, image.width, image.height) : null,
    };
  });
  const timings = { queued: 0, tokenise: 1, decodeImage: 12, imageTrunk: 90, network: 40, decode: 1, total: 144 };
  const model = { name: "stored", version: "1" };
  return { text, image, entities, queries, backend: "wasm", model, timings, notices };
}

const astronaut = { width: 512, height: 512 };
const palace = { width: 640, height: 427 };

export const collins = stored(
  "Eileen Collins, first woman to command a Space Shuttle, joined @NASA in 1990. What a career.",
  astronaut,
  [
    { name: "Eileen Collins", type: "PER", score: 0.98, box: [20, 14, 366, 510] },
    { name: "Space Shuttle", type: "OTHER", score: 0.83, box: [350, 0, 470, 288] },
    { name: "@NASA", type: "ORG", score: 0.95, box: [134, 350, 212, 424] },
  ],
);

export const summerPalace = stored(
  "Clear skies over the Summer Palace today — worth every step up Longevity Hill. Tomorrow: back to Beijing centre.",
  palace,
  [
    { name: "Summer Palace", type: "LOC", score: 0.97, box: [62, 30, 372, 424] },
    { name: "Longevity Hill", type: "LOC", score: 0.88 },
    { name: "Beijing", type: "LOC", score: 0.96 },
  ],
);

export const nested = stored(
  "The New York Times Book Review likes the University of Cape Town Press, and Nelson Mandela Bay Stadium is full.",
  null,
  [
    { name: "New York Times Book Review", type: "OTHER", score: 0.81 },
    { name: "New York Times", type: "ORG", score: 0.93 },
    { name: "New York", type: "LOC", score: 0.74 },
    { name: "University of Cape Town", type: "ORG", score: 0.91 },
    { name: "Cape Town Press", type: "ORG", score: 0.55 },
    { name: "Cape Town", type: "LOC", score: 0.86 },
    { name: "Nelson Mandela Bay Stadium", type: "LOC", score: 0.9 },
    { name: "Nelson Mandela", type: "PER", score: 0.77 },
  ],
);

export const rightToLeft = stored(
  "وصلت إيلين كولينز إلى القاهرة مع وفد من NASA أمس، وكان في استقبالها نجيب محفوظ.",
  null,
  [
    { name: "إيلين كولينز", type: "PER", score: 0.94 },
    { name: "القاهرة", type: "LOC", score: 0.97 },
    { name: "NASA", type: "ORG", score: 0.92 },
    { name: "نجيب محفوظ", type: "PER", score: 0.9 },
  ],
);

export const absent = stored(
  "Coffee first, then the long flight home to Reykjavík. Thanks Ólafur!",
  { width: 600, height: 400 },
  [
    { name: "Reykjavík", type: "LOC", score: 0.95 },
    { name: "Ólafur", type: "PER", score: 0.9 },
  ],
);

export const custom = stored(
  "A dahlia in full bloom at Kew Gardens, shot by Maya on a Leica M6.",
  { width: 640, height: 427 },
  [
    { name: "dahlia", type: "flower", score: 0.93, box: [150, 60, 480, 400] },
    { name: "Kew Gardens", type: "LOC", score: 0.96 },
    { name: "Maya", type: "PER", score: 0.9 },
    { name: "Leica M6", type: "camera model", score: 0.72 },
  ],
);

/** Two names that may be either of two faces, one that is known, one that is not there. */
export const either = stored("Ada and Bob met Cleo near Oslo.", astronaut, [
  { name: "Ada", type: "PER", box: [20, 14, 220, 510], boxScore: 0.48, or: [260, 30, 470, 300] },
  { name: "Bob", type: "PER", box: [260, 30, 470, 300], boxScore: 0.45, or: [20, 14, 220, 510] },
  { name: "Cleo", type: "PER", box: [134, 350, 212, 424], boxScore: 0.88 },
  { name: "Oslo", type: "LOC" },
]);

/** A place that is less likely than not. */
export const faint = stored("Ada went home.", astronaut, [
  { name: "Ada", type: "PER", box: [20, 14, 366, 510], boxScore: 0.38 },
]);

const animal: QueryResult = {
  type: "Animal",
  query: "animal: names of pets and wild animals",
  exists: 0.02,
  region: { box: [100, 20, 400, 290], score: 0.82 },
  notInPhoto: 0.18,
  alternatives: [],
  imageRelevance: 0,
  attention: null,
};

/** An own question that found no name, but something in the photo. */
export const unnamed: AnalysisResult = {
  ...absent,
  queries: [...absent.queries, animal, { ...animal, type: "Boat", region: null, notInPhoto: 0.97 }],
};

/** As other systems look at things; by the kind of their evidence. */
export const evidence: Readonly<Record<"gate" | "heat" | "graph" | "clues" | "slots", AnalysisResult>> = {
  gate: {
    ...collins,
    system: "umt",
    queries: [],
    relatedness: 0.83,
    imageKind: { kind: "photo", score: 0.97 },
    evidence: {
      kind: "gate",
      entities: [0.71, 0.08, 0.64],
    },
  },
  heat: {
    ...collins,
    system: "mm-ner-model",
    queries: [],
    evidence: {
      kind: "heat",
      entities: [spot([20, 14, 366, 510], 512, 512), null, spot([134, 350, 212, 424], 512, 512)],
    },
  },
  graph: {
    ...collins,
    system: "umgf",
    queries: [],
    evidence: {
      kind: "graph",
      nodes: [
        { label: "person", region: { box: [20, 14, 366, 510], score: 0.9 } },
        { label: "", region: { box: [134, 350, 212, 424], score: 0.6 } },
        { label: "", region: { box: [350, 0, 470, 288], score: 0.5 } },
      ],
      entities: [
        [0.61, 0.02, 0.12],
        [0.1, 0, 0.5],
        [0.05, 0.4, 0],
      ],
    },
  },
  clues: {
    ...collins,
    system: "prompt-mner",
    queries: [],
    evidence: {
      kind: "clues",
      clues: [
        { text: "a rocket", weight: 0.12 },
        { text: "a person in uniform", weight: 0.31 },
        { text: "a stadium", weight: 0.04 },
      ],
    },
  },
  slots: {
    ...collins,
    system: "mqspn",
    queries: [],
    evidence: {
      kind: "slots",
      slots: [
        { entity: 0, score: 0.93 },
        { entity: null, score: 0.99 },
        { entity: 2, score: 0.9 },
      ],
    },
  },
};
