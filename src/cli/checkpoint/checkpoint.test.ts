// The readers give what PyTorch wrote, to the last bit, and refuse with the right code what they must not read.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { crc32 as zlibChecksum } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { torchZip } from "../../../test/cli/support/torch-zip.js";
import { isMnerError } from "../../core/mner-error.js";
import { memorySource } from "./byte-source.js";
import type { Checkpoint } from "./checkpoint.js";
import { crc32 } from "./crc32.js";
import { openCheckpoint, readCheckpoint } from "./open-checkpoint.js";

const folder = new URL("../../../test/fixtures/checkpoints/", import.meta.url);
const path = (name: string) => fileURLToPath(new URL(name, folder));

type Expected = Record<string, { shape: number[]; values: (number | string)[] }>;
const expected: { tensors: Expected; parameters: Expected } = JSON.parse(readFileSync(path("expected.json"), "utf8"));

function toNumber(value: number | string): number {
  if (typeof value === "number") return value;
  return value === "nan" ? Number.NaN : value === "-inf" ? -Infinity : Infinity;
}

function expectTensors(checkpoint: Checkpoint, wanted: Expected): void {
  for (const [name, tensor] of checkpoint.tensors) {
    expect(tensor.shape, name).toEqual(wanted[name]?.shape);
    // Object.is tells -0 from 0 and lets NaN equal itself.
    const values = [...tensor.read()];
    const right = wanted[name]!.values.map((value) => Math.fround(toNumber(value)));
    expect(values.length).toBe(right.length);
    expect(values.every((value, index) => Object.is(value, right[index]))).toBe(true);
  }
  checkpoint.close();
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isMnerError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing thrown";
}

const bytesOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe("checkpoints that are read", () => {
  it("reads a PyTorch state dict: every number format, views, shared and empty tensors", () => {
    const checkpoint = openCheckpoint(path("state-dict.pt"));
    expect([...checkpoint.tensors.keys()]).toEqual(Object.keys(expected.tensors));
    expectTensors(checkpoint, expected.tensors);
  });

  it("finds the weights beside an optimiser's numbers", () => {
    const checkpoint = openCheckpoint(path("training.pt"));
    expect(checkpoint.tensors.size).toBe(Object.keys(expected.tensors).length);
    expectTensors(checkpoint, expected.tensors);
  });

  it("reads parameters, which are wrapped tensors", () => {
    expectTensors(openCheckpoint(path("parameters.pt")), expected.parameters);
  });

  it("reads safetensors", () => {
    const checkpoint = openCheckpoint(path("plain.safetensors"));
    expect(checkpoint.tensors.size).toBe(14);
    expectTensors(checkpoint, expected.tensors);
  });

  it("reads sizes from zip64 fields", () => {
    expect([...openCheckpoint(path("zip64.pt")).tensors.get("x")!.read()]).toEqual([0, 1, 2]);
  });
});

describe("checkpoints that are refused", () => {
  const refusals: [file: string, code: string, mention: string][] = [
    ["evil-reduce.pt", "checkpoint-unsafe", "posix.system"],
    ["evil-protocol-0.pt", "checkpoint-unsafe", "os.system"],
    ["evil-stack-global.pt", "checkpoint-unsafe", "posix.system"],
    ["evil-builtins.pt", "checkpoint-unsafe", "builtins.eval"],
    ["whole-module.pt", "checkpoint-unsafe", "torch.nn.modules.linear.Linear"],
    ["climbing.pt", "checkpoint-unsafe", "archive/../../etc/passwd"],
    ["compressed.pt", "checkpoint-unsafe", "compressed"],
    ["legacy.pt", "checkpoint-unsupported", "before 1.6"],
    ["big-endian.pt", "checkpoint-unsupported", "little-endian"],
    ["no-tensors.pt", "checkpoint-unsupported", '"step"'],
    ["deep.pt", "checkpoint-unsupported", "no state dict"],
    ["not-torch.zip.pt", "checkpoint-unsupported", "data.pkl"],
    ["huge-header.safetensors", "checkpoint-unsupported", "1152921504606846976"],
    ["wrong-endian.safetensors", "checkpoint-unsupported", "byte order"],
    ["huge-shape.safetensors", "checkpoint-truncated", "more than can be counted"],
    ["overlap.safetensors", "checkpoint-truncated", "overlap"],
    ["expected.json", "checkpoint-unsupported", "neither"],
  ];
  it.each(refusals)("%s gives %s and names %s", (file, code, mention) => {
    const message = codeOf(() => openCheckpoint(path(file)));
    expect(message.startsWith(`${code}:`), message).toBe(true);
    expect(message).toContain(mention);
  });

  it("says when a path cannot be opened or is a folder", () => {
    expect(codeOf(() => openCheckpoint(path("there-is-no-such-file")))).toContain("input-unreadable");
    expect(codeOf(() => openCheckpoint(fileURLToPath(folder)))).toContain("input-unreadable");
  });

  it("notices one flipped bit in the numbers", () => {
    const bytes = new Uint8Array(readFileSync(path("state-dict.pt")));
    const name = bytesOf("data/0");
    const at = bytes.findIndex((_, index) => name.every((byte, offset) => bytes[index + offset] === byte));
    bytes[at + 80] = bytes[at + 80]! ^ 1;
    const checkpoint = readCheckpoint(memorySource(bytes));
    expect(codeOf(() => checkpoint.tensors.get("a.f32")!.read())).toContain("checksum");
  });

  it("notices every cut of a file", () => {
    for (const file of ["state-dict.pt", "plain.safetensors"]) {
      const bytes = new Uint8Array(readFileSync(path(file)));
      for (let length = 0; length < bytes.length; length += 7) {
        const message = codeOf(() => readCheckpoint(memorySource(bytes.slice(0, length))));
        expect(message, `${file} cut to ${length}`).toMatch(/^checkpoint-(truncated|unsupported)/);
      }
    }
  });

  it("does not expand a view that repeats one number 2^40 times", () => {
    const pickle = bytesOf(
      "\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n" +
        "X\x01\0\0\x000X\x03\0\0\0cpuK\x01tQK\0\x8a\x06\0\0\0\0\0\x01\x85K\0\x85\x89ccollections\nOrderedDict\n)RtRs.",
    );
    const archive = torchZip({ "a/data.pkl": pickle, "a/data/0": new Uint8Array(4) });
    expect(codeOf(() => readCheckpoint(memorySource(archive)))).toContain("contiguous");
  });

  it("limits the steps of a pickle and the length of its integers", () => {
    const endless = new Uint8Array(3_000_000).fill(0x7d);
    expect(codeOf(() => readCheckpoint(memorySource(torchZip({ "a/data.pkl": endless }))))).toContain(
      "checkpoint-unsafe",
    );
    const long = bytesOf("\x80\x02\x8b\xff\xff\xff\x7f.");
    expect(codeOf(() => readCheckpoint(memorySource(torchZip({ "a/data.pkl": long }))))).toContain("checkpoint-unsafe");
  });

  it("refuses parts that share bytes or names", () => {
    const archive = torchZip({
      "a/data.pkl": bytesOf("\x80\x02}."),
      "a/data/0": new Uint8Array(16),
      "a/data/1": new Uint8Array(16),
    });
    const view = new DataView(archive.buffer);
    const directory: number[] = [];
    for (let at = 0; at + 4 <= archive.length; at++) if (view.getUint32(at, true) === 0x02014b50) directory.push(at);
    const overlapping = archive.slice();
    new DataView(overlapping.buffer).setUint32(directory[2]! + 42, view.getUint32(directory[1]! + 42, true), true);
    expect(codeOf(() => readCheckpoint(memorySource(overlapping)))).toContain("overlaps");
    const doubled = archive.slice();
    doubled[directory[2]! + 46 + 7] = "0".charCodeAt(0);
    expect(codeOf(() => readCheckpoint(memorySource(doubled)))).toContain("two parts named");
  });

  it("shows names from the file without control characters", () => {
    const header = bytesOf('{"\\u001b[31m\\u202e":{"dtype":"F99","shape":[],"data_offsets":[0,0]}}');
    const length = new Uint8Array(8);
    length[0] = header.length;
    const message = codeOf(() => readCheckpoint(memorySource(new Uint8Array([...length, ...header]))));
    expect(message).toContain("?[31m?");
  });
});

describe("the checksum", () => {
  it("equals zlib's for any bytes in any two parts", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(zlibChecksum(bytes));
      }),
    );
  });
});
