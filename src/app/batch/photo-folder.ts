// Finds the photos that a file of tweets names among the files a reader chose. By path, else by name, else by name without
// its ending: CoNLL names photos by id alone.
import { photoNames } from "../../corpus/index.js";

/** Paths as they are compared: forward slashes, no leading dots or slashes, letters as composed by Unicode. */
function normal(path: string): string {
  return path
    .normalize("NFC")
    .replaceAll("\\", "/")
    .replace(/^(?:\.?\/)+/, "");
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export class PhotoFolder {
  readonly #byPath = new Map<string, File>();
  readonly #byName = new Map<string, File>();

  get size(): number {
    return this.#byPath.size;
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      const path = normal(file.webkitRelativePath || file.name);
      this.#byPath.set(path, file);
      // Of two photos of one name in different folders neither may be taken for the other: the first stays.
      const name = nameOf(path);
      if (!this.#byName.has(name)) this.#byName.set(name, file);
    }
  }

  find(image: string): File | null {
    const path = normal(image);
    for (const name of photoNames(path)) {
      const exact = this.#byPath.get(name);
      if (exact) return exact;
    }
    // A folder that was picked brings its own name along, which the file of tweets does not know.
    for (const name of photoNames(nameOf(path))) {
      const named = this.#byName.get(name);
      if (named) return named;
    }
    return null;
  }
}
