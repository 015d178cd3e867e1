import { describe, expect, it } from "vitest";
import { createAnalyzer } from "./create-analyzer.js";

describe("createAnalyzer for pages", () => {
  it("names the one for Node when it is called there", async () => {
    await expect(createAnalyzer()).rejects.toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining('"mner-qg/node"'),
    });
  });
});
