// Answered tweets as data sets of annotation tools. Unlike the formats of write-answers.ts these need all tweets at once, so the
// page's batch view offers them and the streaming command line does not.
import type { AnsweredRecord, WrittenResult } from "./write-answers.js";

export interface DatasetFile {
  /** The file name's last part. */
  readonly ending: string;
  readonly mediaType: string;
  readonly content: string;
}

export interface DatasetWriter {
  /** As a person calls it. */
  readonly name: string;
  write(answered: readonly AnsweredRecord[]): readonly DatasetFile[];
}

export type DatasetFormat = "coco" | "webanno" | "labelstudio" | "brat";

export const DATASET_WRITERS: Readonly<Record<DatasetFormat, DatasetWriter>> = {
  coco: { name: "COCO", write: (answered) => json("coco.json", "application/json", toCocoSet(answered)) },
  webanno: {
    name: "Web Annotation",
    write: (answered) => json("jsonld", "application/ld+json", toCollection(answered)),
  },
  labelstudio: {
    name: "Label Studio",
    write: (answered) => json("label-studio.json", "application/json", toTasks(answered)),
  },
  brat: { name: "brat", write: toBrat },
};

export const DATASET_FORMATS = Object.keys(DATASET_WRITERS) as readonly DatasetFormat[];

interface Read {
  readonly line: number;
  readonly id: string | null;
  readonly text: string;
  readonly photo: string | null;
  readonly result: WrittenResult;
}

/** Tweets that were read; what failed has nothing to annotate and stands in the JSON lines. */
function readOnes(answered: readonly AnsweredRecord[]): Read[] {
  return answered.flatMap(({ record: { line, tweet }, outcome: { result } }) =>
    tweet && result ? [{ line, id: tweet.id ?? null, text: tweet.text, photo: tweet.image, result }] : [],
  );
}

const json = (ending: string, mediaType: string, value: unknown): DatasetFile[] => [
  { ending, mediaType, content: `${JSON.stringify(value)}\n` },
];

/** Python and the Web Annotation standard count code points, we count UTF-16 units. */
const points = (text: string, offset: number): number => [...text.slice(0, offset)].length;

type Box = readonly [number, number, number, number];

/** Each box of a type once, with all its names. */
function placesOf({ result }: Read): { type: string; box: Box; score: number; names: object[] }[] {
  const places = new Map<string, { type: string; box: Box; score: number; names: object[] }>();
  for (const { type, region, text, start, end } of result.image ? result.entities : []) {
    if (!region) continue;
    const { width, height } = result.image!;
    const [x0, y0, x1, y1] = region.box;
    const box: Box = [Math.max(0, x0), Math.max(0, y0), Math.min(width, x1), Math.min(height, y1)];
    if (box[2] <= box[0] || box[3] <= box[1]) continue;
    const key = `${type} ${box.join()}`;
    const place = places.get(key) ?? { type, box, score: region.score, names: [] };
    place.names.push({ text, start, end });
    places.set(key, place);
  }
  return [...places.values()];
}

function toCocoSet(answered: readonly AnsweredRecord[]): object {
  const all = readOnes(answered).filter(({ result }) => result.image);
  const types = [...new Set(all.flatMap(({ result }) => result.entities.map(({ type }) => type)))];
  let id = 0;
  return {
    info: { description: "Names in tweets and where their photos show them" },
    images: all.map(({ line, id: tweet, text, photo, result }) => ({
      id: line,
      file_name: photo ?? `line-${line}`,
      ...result.image!,
      tweet_id: tweet,
      caption: text,
    })),
    annotations: all.flatMap((read) =>
      placesOf(read).map(({ type, box: [x0, y0, x1, y1], score, names }) => ({
        id: ++id,
        image_id: read.line,
        category_id: types.indexOf(type) + 1,
        bbox: [x0, y0, x1 - x0, y1 - y0],
        area: (x1 - x0) * (y1 - y0),
        iscrowd: 0,
        segmentation: [[x0, y0, x1, y0, x1, y1, x0, y1]],
        score,
        attributes: { names },
      })),
    ),
    categories: types.map((name, index) => ({ id: index + 1, name, supercategory: "entity" })),
  };
}

function toCollection(answered: readonly AnsweredRecord[]): object {
  const id = "urn:mner-qg:batch";
  const items = readOnes(answered).flatMap(({ line, id: tweet, text, photo, result }) =>
    result.entities.map(({ start, end, type, score, region }, index) => {
      const source = `${id}:line:${line}`;
      const [from, to] = [points(text, start), points(text, end)];
      const selector = [
        { type: "TextPositionSelector", start: from, end: to },
        { type: "TextQuoteSelector", exact: text.slice(start, end) },
      ];
      const pixels = region?.box.map((side) => Math.max(0, Math.round(side))) as [number, number, number, number];
      const value = region && `xywh=pixel:${pixels[0]},${pixels[1]},${pixels[2] - pixels[0]},${pixels[3] - pixels[1]}`;
      return {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        // Lines do not repeat within a file, and the tweet's own id tells files apart.
        id: `${source}:${encodeURIComponent(tweet ?? "")}:${index + 1}`,
        type: "Annotation",
        motivation: "tagging",
        body: [
          { type: "TextualBody", purpose: "tagging", value: type, format: "text/plain" },
          { type: "TextualBody", purpose: "assessing", value: score.toFixed(4), format: "text/plain" },
        ],
        target: [
          { type: "SpecificResource", source, selector },
          ...(value
            ? [
                {
                  type: "SpecificResource",
                  source: `${id}:photo:${encodeURIComponent(photo ?? String(line))}`,
                  selector: [{ type: "FragmentSelector", conformsTo: "http://www.w3.org/TR/media-frags/", value }],
                },
              ]
            : []),
        ],
      };
    }),
  );
  return {
    "@context": "http://www.w3.org/ns/anno.jsonld",
    id,
    type: "AnnotationCollection",
    label: "Names in tweets and where their photos show them",
    total: items.length,
    first: { id: `${id}:page`, type: "AnnotationPage", partOf: id, startIndex: 0, items },
  };
}

/** Tasks with predictions, for a labelling configuration with Text "text", Image "image", Labels and RectangleLabels. */
function toTasks(answered: readonly AnsweredRecord[]): object[] {
  return readOnes(answered).map((read) => {
    const { line, id, text, photo, result } = read;
    const spans = result.entities.map(({ start, end, type, score, text: name }, index) => ({
      id: `span-${index + 1}`,
      from_name: "label",
      to_name: "text",
      type: "labels",
      score,
      value: { start, end, text: name, labels: [type] },
    }));
    const boxes = placesOf(read).map(({ type, box: [x0, y0, x1, y1], score }, index) => {
      const { width, height } = result.image!;
      return {
        id: `box-${index + 1}`,
        from_name: "box",
        to_name: "image",
        type: "rectanglelabels",
        score,
        original_width: width,
        original_height: height,
        image_rotation: 0,
        value: {
          x: (100 * x0) / width,
          y: (100 * y0) / height,
          width: (100 * (x1 - x0)) / width,
          height: (100 * (y1 - y0)) / height,
          rotation: 0,
          rectanglelabels: [type],
        },
      };
    });
    return {
      data: { text, image: photo ?? "", line, tweet_id: id },
      predictions: [{ model_version: "mner-qg", result: [...spans, ...boxes] }],
    };
  });
}

/** Standoff: one document of all tweets, a line break between two of them, and its annotations beside it. */
function toBrat(answered: readonly AnsweredRecord[]): readonly DatasetFile[] {
  let text = "";
  let at = 0;
  let number = 0;
  const notes: string[] = [];
  for (const { line, id, text: tweet, result } of readOnes(answered)) {
    // Breaks of a tweet would break the document's lines; each is one character, as the space is that stands for it.
    const flat = tweet.replace(/[\n\r\u2028\u2029]/g, " ");
    for (const { start, end, type } of result.entities) {
      const label = type.replace(/[^\p{L}\p{N}_-]/gu, "_");
      number++;
      notes.push(
        `T${number}\t${label} ${at + points(flat, start)} ${at + points(flat, end)}\t${flat.slice(start, end)}\n`,
        `#${number}\tAnnotatorNotes T${number}\tline ${line}${id ? `, tweet ${id.replace(/\s+/g, " ")}` : ""}\n`,
      );
    }
    text += `${flat}\n`;
    at += [...flat].length + 1;
  }
  return [
    { ending: "txt", mediaType: "text/plain", content: text },
    { ending: "ann", mediaType: "text/plain", content: notes.join("") },
  ];
}
