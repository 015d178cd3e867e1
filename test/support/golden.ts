// Reads the golden vectors that the PyTorch reference wrote: weights, inputs and the output at every module boundary.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Json } from "../../src/core/json.js";
import { UNCALIBRATED } from "../../src/model/index.js";
import { readConfig } from "../../src/systems/mner-qg/config.js";
import type { ParityInput } from "./parity.js";
import { type PlainTensor, parseSafetensors } from "./safetensors.js";

export type Golden = ParityInput & { readonly json: Readonly<Record<string, Json>> };

export const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));

export function readSafetensors(path: string): Map<string, PlainTensor> {
  const file = readFileSync(path);
  return parseSafetensors(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer);
}

export function readGolden(name: string): Golden {
  const folder = `${FIXTURES}${name}/`;
  const json = JSON.parse(readFileSync(`${folder}config.json`, "utf8")) as Golden["json"];
  return {
    json,
    config: readConfig(json, UNCALIBRATED),
    weights: readSafetensors(`${folder}model.safetensors`) as Golden["weights"],
    vectors: readSafetensors(`${folder}golden.safetensors`),
  };
}
