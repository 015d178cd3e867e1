// Tweets with photos to try: written for this page, photos credited in public/examples/CREDITS.md. Their results were
// computed by the shipped model and are stored with the page (`npm run examples`), so that the first thing a visitor
// sees needs no model.
import type { AnalysisResult, Query } from "../../core/results.js";
import { versionedFiles } from "../../pwa/versioned-files.js";
import astronaut from "./astronaut.json";

export interface Example {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly photo: string;
  readonly alt: string;
  /** Who took the photo, and under which licence. */
  readonly credit: string;
  readonly width: number;
  readonly height: number;
  /** Own questions that are asked with it. */
  readonly queries?: readonly Query[];
}

export const examples: readonly Example[] = [
  {
    id: "astronaut",
    title: "Pilot",
    text: "Eileen Collins was the first woman to pilot a spaceship there and back, and the first to command one. @NASA picked her in 1990.",
    photo: "astronaut.jpg",
    alt: "An astronaut in an orange suit smiles in front of a flag and a model of the Space Shuttle.",
    credit: "NASA, public domain",
    width: 512,
    height: 512,
  },
  {
    id: "palace",
    title: "Palace",
    text: "Four hours at the Summer Palace and I have not seen half of it. Thank you, Li Wei, for showing me around!",
    photo: "china.jpg",
    alt: "A Chinese palace with curved roofs under a blue sky.",
    credit: "danielbuechele, CC BY 2.0",
    width: 640,
    height: 427,
  },
  {
    id: "coffee",
    title: "Coffee",
    text: "Best flat white in Melbourne, says my friend Rachel. Better than Starbucks, say I ☕ #MelbourneCoffee",
    photo: "coffee.jpg",
    alt: "A cup of coffee with a spoon on a saucer, on a wooden table.",
    credit: "Rachel Michetti, CC0",
    width: 600,
    height: 400,
    queries: [{ label: "Cup", query: "cup: names of cups" }],
  },
  {
    id: "cat",
    title: "Cat",
    text: "Chelsea has been staring at Stéfan's breakfast for ten minutes. Somebody call the RSPCA 🐈",
    photo: "chelsea.jpg",
    alt: "The face of a ginger cat, looking past the camera.",
    credit: "Stéfan van der Walt, CC0",
    width: 451,
    height: 300,
    queries: [{ label: "Cat", query: "cat: names of cats" }],
  },
  {
    id: "flower",
    title: "Flower",
    text: "Dahlia season at Kew Gardens! My grandmother Rosa would have loved this one. London, you are forgiven for the rain.",
    photo: "flower.jpg",
    alt: "A dahlia in full bloom.",
    credit: "vultilion, CC BY 2.0",
    width: 640,
    height: 427,
  },
];

/** Stored results, each in a chunk of its own but the first, which is there with the page. */
const stored: Readonly<Record<string, () => Promise<{ readonly default: unknown }>>> = {
  astronaut: async () => ({ default: astronaut }),
  palace: () => import("./palace.json"),
  coffee: () => import("./coffee.json"),
  cat: () => import("./cat.json"),
  flower: () => import("./flower.json"),
};

export function findExample(id: string | null): Example | null {
  return examples.find((example) => example.id === id) ?? null;
}

/** Where the page finds the photo. */
export function photoAddress({ photo }: Example): string {
  return versionedFiles.photos[photo] ?? `examples/${photo}`;
}

export const firstExample = examples[0]!;
export const firstResult = astronaut as unknown as AnalysisResult;

export async function storedResult(id: string): Promise<AnalysisResult> {
  return (await stored[id]!()).default as AnalysisResult;
}
