// A manifest is believed only when every part of it is sound: each fault here has its own code and names its place.
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { exampleManifest } from "../../test/support/example-manifest.js";
import { isMnerError } from "../core/mner-error.js";
import { checkManifest, isSafePath, parseManifest } from "./manifest.js";

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The example with the value at a path such as "shards.0.path" set, or removed when undefined. */
function changed(path: string, value: unknown): unknown {
  const manifest = exampleManifest();
  const keys = path.split(".");
  const last = keys.pop()!;
  let place = manifest as Record<string, unknown>;
  for (const key of keys) place = place[key] as Record<string, unknown>;
  if (value === undefined) delete place[last];
  else place[last] = value;
  return manifest;
}

function failure(action: () => unknown): { code: string; message: string } {
  try {
    action();
  } catch (error) {
    if (isMnerError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("nothing was thrown");
}

const NAN_TEXT = '{"format":"mner-qg-model","formatVersion":1,"name":NaN}';

describe("a sound manifest", () => {
  it("comes back as it was, with unknown config keys kept", () => {
    const manifest = changed("config.extra", { later: [1, 2] });
    const read = checkManifest(manifest);
    expect(JSON.parse(JSON.stringify(read))).toEqual(manifest);
  });

  it("of format version 1 is for the only system there was", () => {
    const { system: _, ...old } = exampleManifest();
    expect(checkManifest({ ...old, formatVersion: 1 })).toMatchObject({ formatVersion: 2, system: "mner-qg" });
  });

  it("may lack metrics and a self-test", () => {
    expect(checkManifest(changed("metrics", undefined)).metrics).toEqual({});
    expect(checkManifest(changed("selfTest", undefined)).selfTest).toBeNull();
  });
});

describe("what is not a manifest", () => {
  it.each([
    ["a web page", "<!doctype html><title>404</title>", "model-not-a-model"],
    ["a web page after blank lines", "\n\n  <html></html>", "model-not-a-model"],
    ["other JSON", '{"name":"x"}', "model-not-a-model"],
    ["a list", "[1]", "model-not-a-model"],
    ["null", "null", "model-not-a-model"],
    ["half a file", JSON.stringify(exampleManifest()).slice(0, 200), "model-manifest-invalid"],
    ["an empty file", "", "model-manifest-invalid"],
    ["not quite JSON", NAN_TEXT, "model-manifest-invalid"],
  ])("%s", (_, text, code) => {
    expect(failure(() => parseManifest(utf8(text))).code).toBe(code);
  });

  it("bytes that are no text", () => {
    expect(failure(() => parseManifest(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0))).code).toBe("model-not-a-model");
  });

  it("a newer format", () => {
    const { code, message } = failure(() => checkManifest(changed("formatVersion", 3)));
    expect(code).toBe("model-version-unsupported");
    expect(message).toContain("newer mner-qg");
  });
});

describe("faults and where they are said to be", () => {
  it.each([
    ["formatVersion", "1", "formatVersion"],
    ["formatVersion", 0, "formatVersion"],
    ["system", undefined, "system must be text, but is missing"],
    ["system", "../mner-qg", "system"],
    ["name", undefined, "name must be text, but is missing"],
    ["name", "../evil", "name"],
    ["version", "1 0", "version"],
    ["created", "yesterday", "created"],
    ["licence", "", "licence"],
    ["tokenizer.files", [], "tokenizer.files"],
    ["tokenizer.files.0.path", "weights-0.bin", "twice"],
    ["tokenizer.files.0.path", "WEIGHTS-0.bin", "twice"],
    ["shards.0.path", "../weights-0.bin", "shards[0].path"],
    ["shards.0.path", "/etc/passwd", "shards[0].path"],
    ["shards.0.path", "a\\b.bin", "shards[0].path"],
    ["shards.0.path", "https://elsewhere.example/w.bin", "shards[0].path"],
    ["shards.0.path", "//elsewhere.example/w.bin", "shards[0].path"],
    ["shards.0.path", "a/../../b.bin", "shards[0].path"],
    ["shards.0.path", "%2e%2e/b.bin", "shards[0].path"],
    ["shards.0.path", "w.bin?x=1", "shards[0].path"],
    ["shards.0.path", "manifest.json", "shards[0].path"],
    ["shards.0.bytes", 0, "shards[0].bytes"],
    ["shards.0.bytes", 4 * 1024 * 1024 + 1, "shards[0].bytes"],
    ["shards.0.bytes", 12.5, "shards[0].bytes"],
    ["shards.0.sha256", "B".repeat(64), "shards[0].sha256"],
    ["queries", [], "queries"],
    ["queries.0.query", 5, "queries[0].query"],
    ["selfTest.output", [], "selfTest.output"],
    ["metrics", 5, "metrics"],
    ["tensors.0.shape", [4, 5], "needs 20"],
    ["tensors.0.shape", [4, 0, 4], "tensors[0].shape[1]"],
    ["tensors.0.shape", [], "needs 1"],
    ["tensors.0.encoding", "int4", "tensors[0].encoding"],
    ["tensors.0.scaleOffset", undefined, "tensors[0].scaleOffset"],
    ["tensors.0.scaleOffset", 18, "tensors[0].scaleOffset"],
    ["tensors.0.scaleOffset", 60, "past the shards"],
    ["tensors.0.scaleOffset", 12, "share bytes"],
    ["tensors.1.offset", 28, "share bytes"],
    ["tensors.1.offset", -4, "tensors[1].offset"],
    ["tensors.1.scaleOffset", 48, "only for int8"],
    ["tensors.2.offset", 44, "past the shards"],
    ["tensors.2.shard", 0, "lies in another shard"],
    ["tensors.2.name", "a.bias", "twice"],
    ["tensors.2.name", "__proto__", "tensors[2].name"],
  ])("%s = %j", (path, value, expected) => {
    const { code, message } = failure(() => checkManifest(changed(path, value)));
    expect(code).toBe("model-manifest-invalid");
    expect(message).toContain(expected);
  });

  it("one hash for files of two lengths", () => {
    const manifest = changed("shards.1.sha256", "a".repeat(64)) as { shards: { sha256: string; bytes: number }[] };
    manifest.shards[0]!.sha256 = "a".repeat(64);
    manifest.shards[1]!.bytes = manifest.shards[0]!.bytes + 1;
    const { code, message } = failure(() => checkManifest(manifest));
    expect(code).toBe("model-manifest-invalid");
    expect(message).toMatch(/one hash, but \d+ and \d+ bytes/);
    expect(message).not.toContain("Upload");
  });

  it("more bytes than any model has", () => {
    const shards = Array.from({ length: 300 }, (_, index) => ({
      path: `w-${index}.bin`,
      bytes: 4 * 1024 * 1024,
      sha256: "0".repeat(64),
    }));
    expect(failure(() => checkManifest(changed("shards", shards))).message).toContain("together");
  });
});

describe("prototype pollution", () => {
  afterEach(() => {
    delete (Object.prototype as Record<string, unknown>).licence;
  });

  it.each(["metrics", "config", "selfTest.input", "config.decode"])("refuses __proto__ in %s", (place) => {
    for (const key of ["__proto__", "constructor", "prototype"]) {
      const poison = JSON.parse(`{"${key}":{"polluted":true}}`) as object;
      const manifest = exampleManifest();
      (manifest.config as Record<string, unknown>).decode = {};
      const keys = place.split(".");
      let target = manifest;
      for (const part of keys) target = target[part] as Record<string, unknown>;
      Object.defineProperty(target, key, { value: Object.values(poison)[0], enumerable: true });
      expect(failure(() => checkManifest(manifest)).code).toBe("model-manifest-invalid");
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    }
  });

  it("does not take a missing field from a polluted prototype", () => {
    (Object.prototype as Record<string, unknown>).licence = "anything goes";
    expect(failure(() => checkManifest(changed("licence", undefined))).message).toContain("licence");
  });
});

describe("arbitrary input", () => {
  it("arbitrary JSON ends in a typed error", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        expect(failure(() => checkManifest(value)).code).toMatch(/^model-/);
      }),
    );
  });

  it("a sound manifest with any one value replaced is read or refused, never crashed on", () => {
    const paths: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (path) paths.push(path);
      if (typeof value !== "object" || value === null) return;
      for (const key of Object.keys(value)) {
        walk((value as Record<string, unknown>)[key], path ? `${path}.${key}` : key);
      }
    };
    walk(exampleManifest(), "");
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        try {
          checkManifest(changed(path, value));
        } catch (error) {
          expect(isMnerError(error) && error.code.startsWith("model-")).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("arbitrary bytes end in a typed error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(failure(() => parseManifest(bytes)).code).toMatch(/^model-/);
      }),
    );
  });

  it("a safe path always stays inside its folder, as the URL parser sees it", () => {
    const piece = fc.constantFrom(
      "..",
      ".",
      "a",
      "/",
      "\\",
      "%2e",
      "%2f",
      ":",
      "?",
      "#",
      "@",
      "http",
      " ",
      "\t",
      "b.bin",
    );
    const path = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(path, (text) => {
        if (!isSafePath(text)) return;
        expect(new URL(text, "https://host.example/models/m/").href).toBe(`https://host.example/models/m/${text}`);
      }),
      { numRuns: 2000 },
    );
  });
});
