// A short name for a photo's content, by which its features are kept. Not cryptographic: it tells a page's own photos
// apart, and is quick enough to be taken of every photo, also where crypto.subtle is withheld.

const LANES = 4;
const SEEDS = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f] as const;

/** 128 bits of the bytes, as 32 hexadecimal digits. */
export function contentKey(bytes: Uint8Array | Uint8ClampedArray): string {
  const whole = bytes.length - (bytes.length % 16);
  // Words need an aligned start; a copy is cheaper than putting each word together.
  const start = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(start.buffer, start.byteOffset, whole / 4);
  let [a, b, c, d]: number[] = SEEDS.map((seed) => seed ^ bytes.length) as [number, number, number, number];
  for (let i = 0; i < words.length; i += LANES) {
    a = mix(a!, words[i]!, SEEDS[1]);
    b = mix(b!, words[i + 1]!, SEEDS[2]);
    c = mix(c!, words[i + 2]!, SEEDS[3]);
    d = mix(d!, words[i + 3]!, SEEDS[0]);
  }
  for (let i = whole; i < bytes.length; i++) a = mix(a!, bytes[i]! + 1, SEEDS[i % LANES]!);
  const lanes = [a!, b!, c!, d!];
  // Every lane ends up depending on all.
  for (let round = 0; round < 2; round++) {
    for (let lane = 0; lane < LANES; lane++) {
      lanes[lane] = finish(mix(lanes[lane]!, lanes[(lane + 1) % LANES]!, SEEDS[lane]!));
    }
  }
  return lanes.map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}

function mix(state: number, word: number, factor: number): number {
  const scrambled = Math.imul(word, factor);
  const turned = state ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((turned << 13) | (turned >>> 19), 5) + 0x6b64e653) | 0;
}

function finish(state: number): number {
  let value = state;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
