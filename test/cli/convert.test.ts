// The converter as it is used: spawned on checkpoints of both shapes, sound and spoiled.
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/cli/checkpoint/open-checkpoint.js";
import { openFolder } from "../../src/cli/convert/folder-reader.js";
import { openSystem } from "../../src/systems/index.js";
import { weightShapes } from "../../src/systems/network.js";
import { mnerQg } from "./support/command.js";
import { type TinyKind, writeTinyCheckpoint } from "./support/tiny-checkpoint.js";

const checkpoints = fileURLToPath(new URL("../fixtures/checkpoints/", import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mner-convert-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A checkpoint folder of its own for a test to spoil. */
function prepare(name: string, kind: TinyKind = "tiny-mini"): string {
  const path = join(folder, name);
  writeTinyCheckpoint(path, kind);
  return path;
}

const convert = (checkpoint: string, out: string, ...more: string[]) =>
  mnerQg(["convert", checkpoint, "--out", join(folder, out), ...more]);

describe.each<TinyKind>(["tiny-mini", "tiny-base"])("a %s checkpoint", (kind) => {
  it("keeps every bit at 32 bits, folds its norms, and names its tensors as the network does", async () => {
    const checkpoint = prepare(`${kind}-32`, kind);
    const { status, out, error } = await convert(checkpoint, `${kind}-out-32`, "--bits", "32", "--json");
    expect(status, error).toBe(0);
    const report = JSON.parse(out) as { errors: { largest: number }[]; selfTest: boolean };
    expect(report.selfTest).toBe(true);
    expect(report.errors.every(({ largest }) => largest === 0)).toBe(true);
    const reader = openFolder(join(folder, `${kind}-out-32`));
    const { manifest } = reader;
    const { system, config } = await openSystem(manifest);
    const { shapes, normed } = weightShapes(system, config);
    expect(manifest.tensors.map(({ name, shape }) => [name, shape])).toEqual([...shapes]);
    expect(manifest.selfTest).not.toBeNull();
    const source = openCheckpoint(join(checkpoint, "model.safetensors"));
    const plain = manifest.tensors.find(({ name }) => name === "query_vector.project.weight")!;
    expect(await reader.readTensor(plain)).toEqual(source.tensors.get(plain.name)!.read());
    const layer = normed[0]!;
    const read = (name: string) => source.tensors.get(`${layer}.norm.${name}`)!.read();
    const bias = await reader.readTensor(manifest.tensors.find(({ name }) => name === `${layer}.conv.bias`)!);
    const [weight, shift, mean, variance] = [read("weight"), read("bias"), read("running_mean"), read("running_var")];
    for (const [channel, value] of bias.entries()) {
      const expected = shift[channel]! - (mean[channel]! * weight[channel]!) / Math.sqrt(variance[channel]! + 1e-5);
      expect(value).toBeCloseTo(expected, 5);
    }
    source.close();
  });

  it("loses little at 8 bits and says where", async () => {
    const { status, out, error } = await convert(
      prepare(`${kind}-8`, kind),
      `${kind}-out-8`,
      "--name",
      "small",
      "--licence",
      "MIT",
    );
    expect(status, error).toBe(0);
    expect(out).toContain("text_encoder.layers");
    expect(out).toContain("relative error");
    const { manifest } = openFolder(join(folder, `${kind}-out-8`));
    expect([manifest.name, manifest.licence]).toEqual(["small", "MIT"]);
    const inTrunk = (name: string) => /^(image_encoder|grounding_head\.objects)\./.test(name);
    const isInt8 = ({ encoding }: { encoding: string }) => encoding === "int8";
    expect(manifest.tensors.filter(({ name }) => !inTrunk(name)).some(isInt8)).toBe(true);
    // The small trunk is too sensitive, the large one too large.
    expect(manifest.tensors.filter(({ name }) => inTrunk(name)).some(isInt8)).toBe(kind === "tiny-base");
    for (const [, percent] of out.matchAll(/(\d+\.\d+) %/g)) expect(Number(percent)).toBeLessThan(1);
  });
});

describe("a checkpoint that does not fit", () => {
  it("has all that is missing, misshapen or unexpected listed at once", async () => {
    const checkpoint = prepare("mismatch");
    const config = JSON.parse(readFileSync(join(checkpoint, "config.json"), "utf8"));
    config.text.layers = 3;
    config.text.segments = 4;
    writeFileSync(join(checkpoint, "config.json"), JSON.stringify(config));
    const more = await convert(checkpoint, "mismatch-out");
    expect(more.status).toBe(1);
    expect(more.error).toContain('"text_encoder.layers.2.feed_forward.norm.bias"');
    expect(more.error).toContain('"text_encoder.embeddings.segment.weight" is [2, 32], expected [4, 32]');
    config.text.layers = 1;
    writeFileSync(join(checkpoint, "config.json"), JSON.stringify(config));
    const fewer = await convert(checkpoint, "mismatch-out");
    expect(fewer.error).toContain("unexpected");
    expect(fewer.error).toContain('"text_encoder.layers.1.attention.query.weight"');
    expect(readdirSync(folder)).not.toContain("mismatch-out");
  });

  it("is refused by its own code, and nothing is written", async () => {
    const cases: [file: string, code: string][] = [
      ["huge-header.safetensors", "checkpoint-unsupported"],
      ["huge-shape.safetensors", "checkpoint-truncated"],
      ["plain.safetensors", "checkpoint-mismatch"],
    ];
    for (const [file, code] of cases) {
      const spoiled = prepare(`with-${file}`);
      copyFileSync(join(checkpoints, file), join(spoiled, "model.safetensors"));
      const { status, error, out } = await convert(spoiled, "refused-out");
      expect([file, status, out]).toEqual([file, 1, ""]);
      expect(error, file).toContain(`(${code})`);
    }
    const torch = prepare("torch");
    renameSync(join(torch, "model.safetensors"), join(torch, "model.pt"));
    for (const path of [torch, join(torch, "model.pt")]) {
      const { status, error } = await convert(path, "refused-out");
      expect([status, error]).toEqual([1, expect.stringContaining("python -m training.export --checkpoint")]);
    }
    expect(readdirSync(folder)).not.toContain("refused-out");
  });

  it("is told when a part of it is not there or broken", async () => {
    const noTokenizer = prepare("no-tokenizer");
    rmSync(join(noTokenizer, "vocab.txt"));
    expect((await convert(noTokenizer, "x")).error).toContain("--tokenizer");
    const noConfig = prepare("no-config");
    rmSync(join(noConfig, "config.json"));
    expect((await convert(noConfig, "x")).error).toContain("--config");
    writeFileSync(join(noConfig, "config.json"), '{"size": "mini"}');
    expect((await convert(noConfig, "x")).error).toMatch(/config\.json.*\(input-invalid\)/);
    mkdirSync(join(folder, "empty"));
    expect((await convert(join(folder, "empty"), "x")).error).toContain("model.safetensors");
    expect((await convert(join(folder, "nowhere"), "x")).error).toContain("(input-unreadable)");
  });

  it("does not overwrite a folder in use", async () => {
    mkdirSync(join(folder, "used"));
    writeFileSync(join(folder, "used", "precious"), "");
    expect((await convert(prepare("fits"), "used")).error).toContain("(output-unwritable)");
    expect(readdirSync(join(folder, "used"))).toEqual(["precious"]);
  });
});

describe("the command line", () => {
  it("explains itself and refuses what it does not understand with status 2", async () => {
    expect((await mnerQg(["--help"])).out).toContain("evaluate-grounding");
    for (const command of ["convert", "annotate", "evaluate", "evaluate-grounding"]) {
      const { status, out } = await mnerQg([command, "--help"]);
      expect([status, out.startsWith(`mner-qg ${command}`)]).toEqual([0, true]);
    }
    expect((await mnerQg(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    const misuses = [
      [],
      ["convret"],
      ["convert"],
      ["convert", "a", "--bits", "9", "--out", "b"],
      ["evaluate"],
      ["annotate", "a.jsonl", "--jobs", "0"],
    ];
    for (const parameters of misuses) {
      const { status, out, error } = await mnerQg(parameters);
      expect([parameters, status, out]).toEqual([parameters, 2, ""]);
      expect(error.length).toBeGreaterThan(10);
    }
  });
});
