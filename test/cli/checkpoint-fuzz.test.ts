// Spoiled checkpoints by the thousand: each must be read or refused with a checkpoint code, quickly and within a bound of
// memory. FUZZ_FILES asks for more files, FUZZ_SEED for other ones.
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { memorySource } from "../../src/cli/checkpoint/byte-source.js";
import { readCheckpoint } from "../../src/cli/checkpoint/open-checkpoint.js";
import { openZip } from "../../src/cli/checkpoint/zip.js";
import { isMnerError } from "../../src/core/mner-error.js";
import { mutate } from "./support/mutate.js";
import { type Random, seededRandom } from "./support/random.js";
import { torchZip } from "./support/torch-zip.js";

const FILES = Number(process.env.FUZZ_FILES ?? 12_000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_230_207);
const SLOWEST_MILLISECONDS = 2000;
const MOST_GROWTH_BYTES = 400 * 1024 * 1024;
const CODES = new Set(["checkpoint-truncated", "checkpoint-unsupported", "checkpoint-unsafe"]);

const folder = new URL("../fixtures/checkpoints/", import.meta.url);
const originals = readdirSync(folder)
  .filter((name) => /\.(?:pt|safetensors)$/.test(name) && name !== "deep.pt")
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, folder))) }));

/** Files that can be read: most mutations start from these, since what begins refused is refused for its first reason. */
const sound = originals.filter(({ name }) => /^(?:state-dict|training|parameters|plain|zip64)\./.test(name));

/** Mutates one part of the archive and packs it anew with right checksums, so that the damage reaches the inner readers. */
function mutateInside(bytes: Uint8Array, random: Random): Uint8Array {
  const source = memorySource(bytes);
  let parts: [string, Uint8Array][];
  try {
    const zip = openZip(source);
    parts = [...zip.entries.values()].map((entry) => [entry.name, source.read(entry.start, entry.size)]);
  } catch {
    return mutate(bytes, random);
  }
  const pickle = parts.findIndex(([name]) => name.endsWith("data.pkl"));
  const chosen = random.integer(4) > 0 && pickle >= 0 ? pickle : random.integer(parts.length);
  parts[chosen]![1] = mutate(parts[chosen]![1], random);
  return torchZip(Object.fromEntries(parts));
}

it(`survives ${FILES} spoiled checkpoints`, { timeout: 600_000 }, () => {
  const random = seededRandom(SEED);
  const outcomes = new Map<string, number>();
  const before = process.memoryUsage().rss;
  let mostGrowth = 0;
  let slowest = 0;
  for (let file = 0; file < FILES; file++) {
    const original = random.pick(random.integer(4) > 0 ? sound : originals);
    const spoil = original.name.endsWith(".pt") && random.integer(2) === 0 ? mutateInside : mutate;
    const bytes = spoil(original.bytes, random);
    const started = performance.now();
    let outcome = "read";
    try {
      const checkpoint = readCheckpoint(memorySource(bytes));
      for (const tensor of checkpoint.tensors.values()) {
        // No tensor may be larger than the file it came from, in its own number format.
        expect(tensor.read().length).toBeLessThanOrEqual(bytes.length);
      }
    } catch (error) {
      if (!isMnerError(error) || !CODES.has(error.code)) {
        throw new Error(`Seed ${SEED}, file ${file} (${original.name}) failed in a way it must not.`, { cause: error });
      }
      outcome = error.code;
    }
    slowest = Math.max(slowest, performance.now() - started);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (file % 100 === 0) mostGrowth = Math.max(mostGrowth, process.memoryUsage().rss - before);
  }
  console.log(
    `${FILES} files: ${[...outcomes].map(([name, count]) => `${count} ${name}`).join(", ")}; ` +
      `slowest ${slowest.toFixed(0)} ms, memory +${(mostGrowth / 2 ** 20).toFixed(0)} MiB`,
  );
  expect(slowest).toBeLessThan(SLOWEST_MILLISECONDS);
  expect(mostGrowth).toBeLessThan(MOST_GROWTH_BYTES);
  // Each kind of outcome occurs, else the mutations would be too tame or too wild to mean anything.
  expect([...outcomes.keys()].sort()).toEqual([...CODES, "read"].sort());
});
