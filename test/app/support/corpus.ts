// A corpus of two hundred tweets with gold labels, some of them broken in the ways corpora are broken. Made by rule, so that
// every run has the same.

export interface MadeCorpus {
  readonly conll: string;
  /** Names of the photos it speaks of, and which of them there are. */
  readonly photos: readonly string[];
  readonly records: number;
  readonly broken: number;
}

export interface CorpusOptions {
  readonly records?: number;
  readonly withPhotos?: boolean;
}

const people = ["Ada", "Grace", "Alan", "Edsger", "Barbara"];
const places = ["Oslo", "Leeds", "Kyoto", "Lima", "Perth"];

export function makeCorpus({ records = 200, withPhotos = true }: CorpusOptions = {}): MadeCorpus {
  const blocks: string[] = [];
  const photos: string[] = [];
  let broken = 0;
  for (let index = 0; index < records; index++) {
    const person = people[index % people.length]!;
    const place = places[(index * 3) % places.length]!;
    const lines = [
      `${person}\tB-PER`,
      "went\tO",
      "to\tO",
      `${place}\tB-LOC`,
      "in\tO",
      `${1900 + (index % 100)}\tO`,
      ".\tO",
    ];
    if (index % 20 === 7) {
      // No tag of any kind.
      lines[3] = `${place}\tPLACE`;
      broken++;
    }
    let head = "";
    if (withPhotos && index % 10 === 3) {
      const photo = ["coffee", "china", "no-such-photo", "broken"][((index / 10) % 4) | 0]!;
      photos.push(photo);
      head = `IMGID:${photo}\n`;
    }
    blocks.push(`${head}${lines.join("\n")}\n`);
  }
  return { conll: blocks.join("\n"), photos, records, broken };
}
