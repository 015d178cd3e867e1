// Cuts a long text into overlapping windows that each fit into the network, so that nothing is ever left out, and says
// which window to believe where two have read the same word.
import type { Piece } from "./prepare.js";

/** A run of pieces read together: `firstPiece` to before `endPiece`. */
export interface Window {
  readonly firstPiece: number;
  readonly endPiece: number;
}

/**
 * Windows of at most `capacity` pieces over all pieces, neighbours sharing about `overlap` of them. Cuts fall between words;
 * only a word that fits into no window is cut inside.
 */
export function cutWindows(pieces: readonly Piece[], capacity: number, overlap: number): Window[] {
  const count = pieces.length;
  if (count <= capacity) return [{ firstPiece: 0, endPiece: count }];
  const cuts = possibleCuts(pieces, capacity);
  const windows: Window[] = [];
  let cutAt = 0;
  for (;;) {
    const firstPiece = cuts[cutAt]!;
    let endAt = cutAt + 1;
    while (endAt + 1 < cuts.length && cuts[endAt + 1]! <= firstPiece + capacity) endAt++;
    const endPiece = cuts[endAt]!;
    windows.push({ firstPiece, endPiece });
    if (endPiece === count) return windows;
    // Step back for the overlap, but never so far that the next word would not fit after it.
    const following = cuts[endAt + 1]!;
    let next = endAt;
    while (next - 1 > cutAt && cuts[next]! > endPiece - overlap && following - cuts[next - 1]! <= capacity) next--;
    cutAt = next;
  }
}

/** Where a cut may fall: before each word, before each piece of a word too long for any window, and at the end. */
function possibleCuts(pieces: readonly Piece[], capacity: number): number[] {
  const cuts: number[] = [];
  for (let first = 0; first < pieces.length; ) {
    const end = endOfWord(pieces, first);
    cuts.push(first);
    if (end - first > capacity) for (let inside = first + 1; inside < end; inside++) cuts.push(inside);
    first = end;
  }
  cuts.push(pieces.length);
  return cuts;
}

function endOfWord(pieces: readonly Piece[], first: number): number {
  let end = first + 1;
  while (end < pieces.length && pieces[end]!.word === pieces[first]!.word) end++;
  return end;
}

/**
 * For each piece the index of the window to believe: the one in which its word stands farther from a cut, for there the
 * network saw more of what is around it. A window that holds only part of the word is believed last.
 */
export function believedWindows(pieces: readonly Piece[], windows: readonly Window[]): Int32Array {
  const believed = new Int32Array(pieces.length);
  if (windows.length === 1) return believed;
  const best = new Float64Array(pieces.length).fill(Number.NEGATIVE_INFINITY);
  const partly = pieces.length + 1;
  windows.forEach((window, index) => {
    const cutBefore = window.firstPiece > 0;
    const cutAfter = window.endPiece < pieces.length;
    const distance = (first: number, last: number): number =>
      Math.min(
        cutBefore ? first - window.firstPiece : Number.POSITIVE_INFINITY,
        cutAfter ? window.endPiece - 1 - last : Number.POSITIVE_INFINITY,
      );
    for (let first = window.firstPiece; first < window.endPiece; ) {
      const end = Math.min(endOfWord(pieces, first), window.endPiece);
      const whole =
        (first > window.firstPiece || !cutBefore || pieces[first - 1]!.word !== pieces[first]!.word) &&
        (end < window.endPiece || !cutAfter || pieces[end]!.word !== pieces[first]!.word);
      const ofWord = distance(first, end - 1);
      for (let piece = first; piece < end; piece++) {
        const value = whole ? ofWord : distance(piece, piece) - partly;
        if (value > best[piece]!) {
          best[piece] = value;
          believed[piece] = index;
        }
      }
      first = end;
    }
  });
  return believed;
}
