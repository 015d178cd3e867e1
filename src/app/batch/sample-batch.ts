// A small batch to try: the examples and a few more, with gold labels written by hand, as CoNLL with their photos.
import { examples, photoAddress } from "../examples/examples.js";

/** Tokens with a tag where they are part of a name: `Eileen/B-PER`. */
const tweets: readonly (readonly [photo: string | null, tokens: string])[] = [
  [
    "astronaut.jpg",
    "Eileen/B-PER Collins/I-PER was the first woman to pilot a spaceship there and back , and the first to command one . @NASA/B-ORG picked her in 1990 .",
  ],
  [
    "china.jpg",
    "Four hours at the Summer/B-LOC Palace/I-LOC and I have not seen half of it . Thank you , Li/B-PER Wei/I-PER , for showing me around !",
  ],
  [
    "coffee.jpg",
    "Best flat white in Melbourne/B-LOC , says my friend Rachel/B-PER . Better than Starbucks/B-ORG , say I .",
  ],
  ["chelsea.jpg", "Somebody call the RSPCA/B-ORG , my cat has not been fed for ten minutes !"],
  ["flower.jpg", "Dahlia season at Kew/B-LOC Gardens/I-LOC ! London/B-LOC , you are forgiven for the rain ."],
  [null, "Reading Middlemarch/B-OTHER on the train to Leeds/B-LOC . George/B-PER Eliot/I-PER never gets old ."],
  [null, "Lunch was fine . Nothing happened . See you tomorrow ."],
  [null, "Ada/B-PER joins the University/B-ORG of/I-ORG Oslo/I-ORG in March , Grace/B-PER stays at Siemens/B-ORG ."],
];

function toConll([photo, tokens]: (typeof tweets)[number]): string {
  const lines = tokens.split(" ").map((token) => {
    const [, word, tag] = /^(.*?)(?:\/([BI]-[A-Z]+))?$/s.exec(token)!;
    return `${word}\t${tag ?? "O"}`;
  });
  return `${photo ? `IMGID:${photo}\n` : ""}${lines.join("\n")}\n`;
}

export async function sampleBatch(): Promise<{ readonly file: File; readonly photos: File[] }> {
  const photos = await Promise.all(
    examples.map(async (example) => {
      const response = await fetch(photoAddress(example));
      if (!response.ok) throw new Error(`${example.photo} gives status ${response.status}`);
      return new File([await response.blob()], example.photo, { type: "image/jpeg" });
    }),
  );
  return { file: new File([tweets.map(toConll).join("\n")], "sample.conll", { type: "text/plain" }), photos };
}
