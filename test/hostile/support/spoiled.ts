// The spoiler of bytes that checkpoints are tried with, for fast-check.
import fc from "fast-check";
import { mutate } from "../../cli/support/mutate.js";
import { seededRandom } from "../../cli/support/random.js";

/** One of the samples, whole or spoiled. */
export function spoiled(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(...samples), fc.nat(), fc.nat(20))
    .map(([bytes, seed, whole]) => (whole === 0 ? bytes : mutate(bytes, seededRandom(seed))));
}
