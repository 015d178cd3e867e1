// A photo lent to another thread that runs some of its rows: sent once, and kept there for further texts.
import { disposeTree, makeTree, type PlainTree } from "../nn/tensor-tree.js";

/** A photo's features for rows that are run elsewhere. They may still be on their way. */
export interface LentPhoto {
  readonly key: string;
  /** Null: whoever runs the rows has them, of an earlier time. */
  readonly read: (() => Promise<PlainTree>) | null;
}

/** The last photos whose features helpers keep, with what questions have made of them. */
export const LENT_PHOTOS = 4;

/** On the other end: the features of the photos lent last. */
export class LentPhotos {
  private kept = new Map<string, unknown>();

  /** Features on this thread's backend, from now on kept under the key. */
  take(key: string, plain: PlainTree): unknown {
    const made = makeTree(plain);
    this.drop(key);
    this.kept.set(key, made);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= LENT_PHOTOS) break;
      this.drop(oldest);
    }
    return made;
  }

  /** Those of an earlier time, which become the latest. */
  get(key: string): unknown {
    const made = this.kept.get(key);
    if (made === undefined) return null;
    this.kept.delete(key);
    this.kept.set(key, made);
    return made;
  }

  clear(): void {
    for (const key of [...this.kept.keys()]) this.drop(key);
  }

  private drop(key: string): void {
    disposeTree(this.kept.get(key));
    this.kept.delete(key);
  }
}
