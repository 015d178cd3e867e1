// Answers over raw text meet gold over tokens: mapping, types, boxes and the choice of what is scored.
import { describe, expect, it } from "vitest";
import { createTweetScorer, type GoldTweet, type TweetAnswer } from "./tweet-scores.js";

type Box = [number, number, number, number];

/** Found names as [start, end, type, box?] in the joined text. */
function answer(found: readonly [number, number, string, Box?][], options: Partial<TweetAnswer> = {}): TweetAnswer {
  const entities = found.map(([start, end, type, box]) => ({
    start,
    end,
    type,
    score: 0.9,
    region: box === undefined ? null : { box },
  }));
  return { entities, queries: [], image: null, ...options };
}

const nasa: GoldTweet = {
  tokens: ["Go", "@", "NASA", "'", "s", "Ada", "!"],
  tags: ["O", "O", "B-ORG", "O", "O", "B-PER", "O"],
};
// "Go @NASA's Ada!"

describe("names", () => {
  it("are counted by tokens: the sign is no part of one, a neighbour's character is", () => {
    const scorer = createTweetScorer();
    scorer.add(
      nasa,
      answer([
        [3, 8, "ORG"],
        [11, 14, "PER"],
      ]),
    );
    scorer.add(
      nasa,
      answer([
        [3, 10, "ORG"],
        [11, 14, "LOC"],
      ]),
    );
    const { ner, tweets } = scorer.scores();
    expect([tweets, ner.strict.correct, ner.strict.predicted, ner.strict.gold]).toEqual([2, 2, 4, 4]);
    expect(ner.strict.perType.PER).toMatchObject({ precision: 100, recall: 50 });
  });

  it("tell strict from lenient, and count all as missed without an answer", () => {
    const scorer = createTweetScorer();
    scorer.add({ tokens: ["New", "York"], tags: ["I-LOC", "I-LOC"] }, answer([[0, 8, "LOC"]]));
    expect(scorer.scores().ner).toMatchObject({ strict: { precision: 0, gold: 0 }, lenient: { f1: 100 } });
    scorer.add(nasa, null);
    expect(scorer.scores().ner.strict).toMatchObject({ gold: 2, recall: 0 });
  });

  it("of a model that says MISC or PERSON are scored as ours", () => {
    const scorer = createTweetScorer();
    scorer.add({ tokens: ["Grammys"], tags: ["B-OTHER"] }, answer([[0, 7, "MISC"]]));
    scorer.add({ tokens: ["Ada"], tags: ["B-PER"] }, answer([[0, 3, "person"]]));
    expect(scorer.scores().ner.strict.f1).toBe(100);
  });

  it("of a type that a large gold file never uses are left out, but not of a small one", () => {
    for (const [count, types] of [
      [99, 4],
      [100, 1],
    ] as const) {
      const scorer = createTweetScorer();
      for (let tweet = 0; tweet < count; tweet++)
        scorer.add({ tokens: ["Ada"], tags: ["B-PER"] }, answer([[0, 3, "PER"]]));
      scorer.add({ tokens: ["Mars"], tags: ["O"] }, answer([[0, 4, "LOC"]]));
      expect(scorer.scores().types.length).toBe(types);
      expect(scorer.scores().ner.strict.precision).toBe(types === 1 ? 100 : 99);
    }
    const chosen = createTweetScorer(["LOC"]);
    chosen.add(nasa, answer([[3, 8, "ORG"]]));
    expect(chosen.scores().ner.strict.predicted).toBe(0);
  });
});

describe("existence and confidence", () => {
  it("counts pairs of tweet and type, above one half", () => {
    const scorer = createTweetScorer();
    const query = { region: null, alternatives: [] };
    const queries = [
      { ...query, type: "PER", exists: 0.9 },
      { ...query, type: "LOC", exists: 0.51 },
      { ...query, type: "ORG", exists: 0.5 },
    ];
    scorer.add(nasa, answer([], { queries }));
    expect(scorer.scores().existence).toMatchObject({ correct: 1, predicted: 2, gold: 2 });
  });

  it("measures how far scores are from being right", () => {
    const scorer = createTweetScorer();
    scorer.add(
      nasa,
      answer([
        [3, 8, "ORG"],
        [11, 14, "LOC"],
      ]),
    );
    expect(scorer.scores().calibrationError).toBeCloseTo(0.4, 10);
  });
});

describe("boxes", () => {
  const image = { width: 100, height: 100 };
  const box: Box = [10, 10, 50, 50];
  /** Gold boxes are in pixels of a photo twice the size. */
  const photo = { width: 200, height: 200, boxes: [{ entity: "# NASA", box: [20, 20, 100, 100] as Box }] };
  const queries = (region: Box | null, alternative: Box): TweetAnswer["queries"] => [
    { type: "ORG", exists: 1, region: region && { box: region }, alternatives: [{ box: alternative }] },
    { type: "PER", exists: 1, region: null, alternatives: [] },
    { type: "LOC", exists: 0, region: { box }, alternatives: [] },
  ];

  it("are told by the entity's words, scaled to the photo read, and scored with and without types", () => {
    const scorer = createTweetScorer();
    const found = answer(
      [
        [3, 8, "LOC", box],
        [11, 14, "PER"],
      ],
      { image, queries: queries(box, [0, 0, 1, 1]) },
    );
    scorer.add({ ...nasa, photo }, found);
    const { gmner, eeg, grounding } = scorer.scores();
    expect(gmner).toMatchObject({ correct: 1, predicted: 2, gold: 2 });
    expect(eeg).toMatchObject({ correct: 2, predicted: 2, gold: 2 });
    // LOC is not named in the tweet, so nobody knows whether it can be seen.
    expect(grounding).toMatchObject({ n: 1, accAt75: 100, meanIou: 100, none: { correct: 1, predicted: 1, gold: 1 } });
  });

  it("count the best place even when the answer was that there is none", () => {
    const scorer = createTweetScorer();
    scorer.add({ ...nasa, photo }, answer([], { image, queries: queries(null, box) }));
    expect(scorer.scores().grounding).toMatchObject({ n: 1, accAt50: 100, none: { correct: 1, predicted: 2 } });
  });

  it("are not scored without photos, and nothing is to be seen where the file has no entry", () => {
    const scorer = createTweetScorer();
    scorer.add({ ...nasa, photo }, answer([[3, 8, "ORG"]]));
    scorer.add(nasa, answer([[3, 8, "ORG"]], { image }));
    expect(scorer.scores()).toMatchObject({ grounding: null, gmner: null, eeg: null });
    scorer.add(
      { ...nasa, photo: null },
      answer(
        [
          [3, 8, "ORG"],
          [11, 14, "PER", box],
        ],
        { image },
      ),
    );
    expect(scorer.scores().gmner).toMatchObject({ correct: 1, predicted: 2, gold: 2 });
  });
});
