// Keeps the type chips above the text from lying on each other and from leaving the column: each is pushed along its
// line a little, and shrinks to a dot where there is no room. The text itself never moves.

export interface ChipInput {
  /** Where the chips would stand by themselves: pixels from the column's left edge. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export interface ChipPlace {
  /** How far to move it. */
  readonly shift: number;
  /** Show the dot only. */
  readonly dot: boolean;
}

const gap = 2;
const dotWidth = 8;
const furthest = 14;
const sameLine = 4;

export function placeChips(chips: readonly ChipInput[], column: number): ChipPlace[] {
  const places: ChipPlace[] = chips.map(() => ({ shift: 0, dot: false }));
  const order = chips.map((_, index) => index).sort((a, b) => chips[a]!.y - chips[b]!.y || chips[a]!.x - chips[b]!.x);
  const lines: number[][] = [];
  for (const index of order) {
    const line = lines.at(-1);
    if (line && Math.abs(chips[line[0]!]!.y - chips[index]!.y) <= sameLine) line.push(index);
    else lines.push([index]);
  }
  for (const line of lines) {
    line.sort((a, b) => chips[a]!.x - chips[b]!.x);
    let free = 0;
    line.forEach((index, at) => {
      const chip = chips[index]!;
      const follower = line[at + 1];
      const room = Math.max(0, column - chip.width);
      const x = Math.max(free, Math.min(chip.x, room));
      // A chip may push the next one aside, but not so far that it seems to name another word.
      const crowds = follower !== undefined && x + chip.width + gap - chips[follower]!.x > furthest;
      const dot = crowds || x > room || Math.abs(x - chip.x) > Math.max(furthest, chip.width);
      const at0 = dot ? Math.max(free, Math.min(chip.x, column - dotWidth)) : x;
      places[index] = { shift: at0 - chip.x, dot };
      free = at0 + (dot ? dotWidth : chip.width) + gap;
    });
  }
  return places;
}
