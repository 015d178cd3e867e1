// Runs kernels, on this thread alone or together with others that work on the same memory. The work of a kernel is cut into
// tiles; whoever is free takes the next one, by counting down a number that all of them see.
import type { KernelModule, KernelName } from "./kernel-module.js";

/** Where the scratch memory of the first thread begins, and how much each has. */
export interface Scratch {
  readonly address: number;
  readonly bytes: number;
}

export const NO_SCRATCH: Scratch = { address: 0, bytes: 0 };

export interface Runner {
  readonly kernels: KernelModule;
  /** How many may run at once; each needs scratch memory of its own. */
  readonly threads: number;
  /** `total` units of work, of which at least `least` are worth a tile. */
  run(name: KernelName, values: readonly number[], scratch: Scratch, total: number, least: number): void;
  close(): void;
}

export function singleRunner(kernels: KernelModule): Runner {
  return {
    kernels,
    threads: 1,
    run: (name, values, { address }, total) => kernels[name](...values, address, 0, total),
    close: () => {},
  };
}

/** What threads tell each other by: words, then the kernel's arguments as doubles. */
export interface Board {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly values: Float64Array<SharedArrayBuffer>;
}

const [LEFT, DONE, ASLEEP, KERNEL, TILES, PER_TILE, TOTAL, SCRATCH, SCRATCH_BYTES, COUNT] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
] as const;
const [WORDS, MOST_VALUES] = [16, 24];
/** Memory that a board takes, in bytes; it must begin at a multiple of 8. */
export const BOARD_BYTES = WORDS * 4 + MOST_VALUES * 8;

/** As the board numbers them. */
const KERNELS: readonly KernelName[] = [
  "attention",
  "condition",
  "depthwise",
  "gelu",
  "layerNorm",
  "linear",
  "linear16",
  "silu",
];

/** Tiles for each thread: more than one, so that a thread that is held up does not hold up all. */
const TILES_EACH = 4;
/** Tries before a thread that finds no work goes to sleep: some ten microseconds, the time between two kernels. */
const SPINS = 4000;
/** A thread that takes longer over one tile has died. */
const PATIENCE_MS = 20_000;

export function boardAt(memory: SharedArrayBuffer, address: number): Board {
  return {
    words: new Int32Array(memory, address, WORDS),
    values: new Float64Array(memory, address + WORDS * 4, MOST_VALUES),
  };
}

/** `threads`: this one counts too. */
export function sharedRunner(kernels: KernelModule, board: Board, threads: number, close: () => void): Runner {
  const { words, values: slots } = board;
  return {
    kernels,
    threads,
    close,
    run(name, values, scratch, total, least) {
      const perTile = Math.max(least, Math.ceil(total / (threads * TILES_EACH)));
      const whole = name === "linear" || name === "linear16" || name === "gelu" || name === "silu" ? 4 : 1;
      const even = Math.ceil(perTile / whole) * whole;
      const tiles = Math.ceil(total / even);
      if (tiles <= 1) {
        kernels[name](...values, scratch.address, 0, total);
        return;
      }
      slots.set(values);
      words[KERNEL] = KERNELS.indexOf(name);
      words[TILES] = tiles;
      words[PER_TILE] = even;
      words[TOTAL] = total;
      words[SCRATCH] = scratch.address;
      words[SCRATCH_BYTES] = scratch.bytes;
      words[COUNT] = values.length;
      Atomics.store(words, DONE, 0);
      // From here on tiles are taken, and everything above is seen by whoever takes one.
      Atomics.store(words, LEFT, tiles);
      if (Atomics.load(words, ASLEEP) > 0) Atomics.notify(words, LEFT);
      takeTiles(kernels, board, 0);
      waitFor(words, tiles);
    },
  };
}

/** Runs tiles until none is left to take. `slot` says which part of the scratch memory is this thread's. */
function takeTiles(kernels: KernelModule, { words, values }: Board, slot: number): void {
  for (;;) {
    const left = Atomics.load(words, LEFT);
    if (left === 0) return;
    if (Atomics.compareExchange(words, LEFT, left, left - 1) !== left) continue;
    const from = (words[TILES]! - left) * words[PER_TILE]!;
    const to = Math.min(words[TOTAL]!, from + words[PER_TILE]!);
    const scratch = (words[SCRATCH]! >>> 0) + slot * words[SCRATCH_BYTES]!;
    kernels[KERNELS[words[KERNEL]!]!](...values.subarray(0, words[COUNT]!), scratch, from, to);
    Atomics.add(words, DONE, 1);
  }
}

/** Others may still be at their last tile. A page's own thread may not sleep, so this only looks. */
function waitFor(words: Int32Array, tiles: number): void {
  for (let spins = 1; Atomics.load(words, DONE) !== tiles; spins++) {
    if (spins % SPINS !== 0) continue;
    const begun = performance.now();
    while (Atomics.load(words, DONE) !== tiles) {
      if (performance.now() - begun > PATIENCE_MS) throw new Error("A thread of the wasm backend has stopped.");
    }
    return;
  }
}

/** A helping thread's whole life. It never returns; whoever started it ends it. */
export function serve(kernels: KernelModule, board: Board, slot: number): never {
  const { words } = board;
  for (;;) {
    for (let spins = 0; spins < SPINS && Atomics.load(words, LEFT) === 0; spins++);
    if (Atomics.load(words, LEFT) === 0) {
      Atomics.add(words, ASLEEP, 1);
      Atomics.wait(words, LEFT, 0);
      Atomics.sub(words, ASLEEP, 1);
    }
    takeTiles(kernels, board, slot);
  }
}
