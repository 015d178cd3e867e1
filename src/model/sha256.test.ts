// Our SHA-256 against Node's, over every length that reaches another padding case.
import { createHash, randomFillSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { sha256, sha256InScript } from "./sha256.js";

function reference(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("sha256", () => {
  it("agrees for every length up to 300", async () => {
    for (let length = 0; length <= 300; length++) {
      const bytes = randomFillSync(new Uint8Array(length));
      expect(sha256InScript(bytes)).toBe(reference(bytes));
      expect(await sha256(bytes)).toBe(reference(bytes));
    }
  });

  it("agrees on views into larger buffers", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(400), (bytes, start) => {
        const view = bytes.subarray(Math.min(start, bytes.length));
        expect(sha256InScript(view)).toBe(reference(view));
      }),
    );
  });

  it("is used where crypto.subtle is withheld", async () => {
    vi.stubGlobal("crypto", {});
    try {
      expect(await sha256(new Uint8Array(3))).toBe(reference(new Uint8Array(3)));
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
