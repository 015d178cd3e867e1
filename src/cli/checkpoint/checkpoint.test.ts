// The reader gives what PyTorch wrote, to the last bit, and refuses with the right code what it must not read.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isMnerError } from "../../core/mner-error.js";
import { memorySource } from "./byte-source.js";
import { openCheckpoint, readCheckpoint } from "./open-checkpoint.js";

const folder = new URL("../../../test/fixtures/checkpoints/", import.meta.url);
const path = (name: string) => fileURLToPath(new URL(name, folder));

type Expected = Record<string, { shape: number[]; values: (number | string)[] }>;
const expected: Expected = JSON.parse(readFileSync(path("expected.json"), "utf8"));

function toNumber(value: number | string): number {
  if (typeof value === "number") return value;
  return value === "nan" ? Number.NaN : value === "-inf" ? -Infinity : Infinity;
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

/** A safetensors file with this header and so many bytes of numbers. */
function safetensors(header: string, data = 0): Uint8Array {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, header.length, true);
  return new Uint8Array([...length, ...bytesOf(header), ...new Uint8Array(data)]);
}

const read = (bytes: Uint8Array) => codeOf(() => readCheckpoint(memorySource(bytes)));

describe("checkpoints that are read", () => {
  it("give every number format to the last bit", () => {
    const checkpoint = openCheckpoint(path("plain.safetensors"));
    expect([...checkpoint.tensors.keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [name, tensor] of checkpoint.tensors) {
      expect(tensor.shape, name).toEqual(expected[name]?.shape);
      // Object.is tells -0 from 0 and lets NaN equal itself.
      const values = [...tensor.read()];
      const right = expected[name]!.values.map((value) => Math.fround(toNumber(value)));
      expect(values.length).toBe(right.length);
      expect(values.every((value, index) => Object.is(value, right[index]))).toBe(true);
    }
    checkpoint.close();
  });
});

describe("checkpoints that are refused", () => {
  const refusals: [file: string, code: string, mention: string][] = [
    ["huge-header.safetensors", "checkpoint-unsupported", "1152921504606846976"],
    ["wrong-endian.safetensors", "checkpoint-unsupported", "byte order"],
    ["huge-shape.safetensors", "checkpoint-truncated", "more than can be counted"],
    ["overlap.safetensors", "checkpoint-truncated", "overlap"],
    ["expected.json", "checkpoint-unsupported", "safetensors"],
  ];
  it.each(refusals)("%s gives %s and names %s", (file, code, mention) => {
    const message = codeOf(() => openCheckpoint(path(file)));
    expect(message.startsWith(`${code}:`), message).toBe(true);
    expect(message).toContain(mention);
  });

  it("are PyTorch's own files, zip and older, with the way to convert them", () => {
    for (const start of ["PK\x03\x04", "\x80\x02\x8a\x0a", "\x80\x02}."]) {
      const message = read(bytesOf(`${start}${"\0".repeat(60)}`));
      expect(message).toMatch(/^checkpoint-unsupported: .*python -m training\.export --checkpoint/);
    }
  });

  it("are paths that cannot be opened, and folders", () => {
    expect(codeOf(() => openCheckpoint(path("there-is-no-such-file")))).toContain("input-unreadable");
    expect(codeOf(() => openCheckpoint(fileURLToPath(folder)))).toContain("input-unreadable");
  });

  it("are cut anywhere", () => {
    const bytes = new Uint8Array(readFileSync(path("plain.safetensors")));
    for (let length = 0; length < bytes.length; length += 7) {
      expect(read(bytes.slice(0, length)), `cut to ${length}`).toMatch(/^checkpoint-(truncated|unsupported)/);
    }
  });

  it("show names from the file without control characters", () => {
    const header = '{"\\u001b[31m\\u202e":{"dtype":"F99","shape":[],"data_offsets":[0,0]}}';
    expect(read(safetensors(header))).toContain("?[31m?");
  });

  it("are headers of great depth, and of names that objects have already", () => {
    expect(read(safetensors(`{"a":${"[".repeat(1_000_000)}`))).toMatch(/^checkpoint-/);
    const checkpoint = readCheckpoint(
      memorySource(safetensors('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4)),
    );
    expect([...checkpoint.tensors.keys()]).toEqual(["__proto__"]);
  });
});
