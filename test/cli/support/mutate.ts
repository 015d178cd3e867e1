// Spoils bytes in the ways files get spoiled: flipped, cut, doubled, moved, and with sizes that claim too much.
import type { Random } from "./random.js";

const hostileNumbers = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  1n << 60n,
  (1n << 64n) - 1n,
  1n << 53n,
];

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function mutateOnce(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.integer(bytes.length + 1);
  const length = Math.min(random.integer(random.pick([4, 64, 4096])) + 1, bytes.length - at);
  switch (random.integer(7)) {
    case 0: {
      const flipped = bytes.slice();
      if (at < bytes.length) flipped[at] = flipped[at]! ^ (1 << random.integer(8));
      return flipped;
    }
    case 1: {
      const changed = bytes.slice();
      if (at < bytes.length) changed[at] = random.integer(256);
      return changed;
    }
    case 2:
      return bytes.slice(0, at);
    case 3:
      return join([bytes.slice(0, at), bytes.slice(at + length)]);
    case 4:
      return join([bytes.slice(0, at), bytes.slice(at, at + length), bytes.slice(at)]);
    case 5: {
      const to = random.integer(bytes.length + 1);
      return join([bytes.slice(0, to), bytes.slice(at, at + length), bytes.slice(to)]);
    }
    default: {
      const claimed = bytes.slice();
      const width = random.pick([1, 2, 4, 8]);
      const value = random.pick(hostileNumbers);
      for (let index = 0; index < width && at + index < claimed.length; index++) {
        claimed[at + index] = Number((value >> BigInt(8 * index)) & 0xffn);
      }
      return claimed;
    }
  }
}

/** One to four mutations on top of each other. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let result = bytes;
  for (let count = random.integer(4) + 1; count > 0; count--) result = mutateOnce(result, random);
  return result;
}
