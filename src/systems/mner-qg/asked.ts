// What questions make of a photo where they are read one way: it depends on question and photo alone, and is kept with the photo.
// Questions that were put to it together are a group.
import { slice, type Tensor2D } from "@tensorflow/tfjs-core";
import { disposeTree, type Staying } from "../../nn/tensor-tree.js";

/** Maps of questions kept, over all photos: of the shipped size some three megabytes each. */
const KEPT_MAPS = 12;

/** What a question found, as numbers. */
export interface Found {
  /** candidates × 5. */
  readonly candidates: Float32Array;
  readonly none: number;
  /** q, where names ask for themselves. */
  readonly query: Float32Array | null;
}

export interface Group {
  readonly names: readonly string[];
  /** Of each scale the keys and values of its cells as the questions see them, question after question: [names · g·g, 2d]. */
  readonly cells: readonly Tensor2D[];
  readonly found: readonly Found[];
}

/** Rows one after the other, whose questions stand one after the other in a group. */
export interface Stretch {
  readonly from: number;
  readonly rows: number;
  readonly group: Pick<Group, "names" | "cells">;
  /** Its first question's place in the group. */
  readonly first: number;
}

/** All of a network's groups, oldest first. A photo that is let go takes its own with it. */
export class AskedMaps {
  private kept: { readonly group: Group; readonly of: Staying<Group> }[] = [];

  keep(group: Group, of: Staying<Group>): void {
    of.items.push(group);
    this.kept.push({ group, of });
  }

  /** Between runs: the oldest make room. */
  trim(most = KEPT_MAPS): void {
    this.kept = this.kept.filter(({ group }) => !group.cells.some(({ isDisposed }) => isDisposed));
    let maps = this.kept.reduce((sum, { group }) => sum + group.names.length, 0);
    while (maps > most) {
      const { group, of } = this.kept.shift()!;
      of.items = of.items.filter((one) => one !== group);
      disposeTree(group.cells);
      maps -= group.names.length;
    }
  }

  clear(): void {
    this.trim(0);
  }
}

/** Cuts rows into stretches, each as long as any group allows. Every name must be in one. */
export function stretches(names: readonly string[], groups: readonly Pick<Group, "names" | "cells">[]): Stretch[] {
  const out: Stretch[] = [];
  for (let from = 0; from < names.length; ) {
    let best: Stretch | null = null;
    for (const group of groups) {
      const first = group.names.indexOf(names[from]!);
      if (first < 0) continue;
      let rows = 1;
      while (from + rows < names.length && group.names[first + rows] === names[from + rows]) rows++;
      if (best === null || rows > best.rows) best = { from, rows, group, first };
    }
    out.push(best!);
    from += best!.rows;
  }
  return out;
}

/** A stretch's part of one scale's cells. */
export function cellsOf({ group, first, rows }: Stretch, scale: number): Tensor2D {
  const all = group.cells[scale]!;
  const each = all.shape[0] / group.names.length;
  if (rows === group.names.length) return all;
  return slice(all, [first * each, 0], [rows * each, all.shape[1]]);
}
