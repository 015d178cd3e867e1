// Linear layers with their activation: tiles of 32 × 32 outputs for each workgroup, four by four for each thread.
import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Activation, type LinearAttributes, PANEL } from "../../../nn/fused.js";
import { activation } from "./activations.js";
import { type GpuBackend, runShader, type Shader } from "./program.js";

const TILE = 32;

/** Up to four inputs side by side, as if they stood in one matrix. */
function shader(parts: number, after: Activation, plus: boolean): Shader {
  const names = ["x", "x1", "x2", "x3"].slice(0, parts);
  const read = names
    .map((name, at) => `if (c < uniforms.k${at}) { return ${name}[row * uniforms.k${at} + c]; } c -= uniforms.k${at};`)
    .join("\n  ");
  return {
    name: `linear-${parts}-${after}-${plus}`,
    inputs: {
      ...Object.fromEntries(names.map((name) => [name, 1 as const])),
      panels: 4,
      bias: 4,
      ...(plus ? { plus: 1 as const } : {}),
    },
    integers: ["rows", "inner", "outputs", "tiles", "plusRows", ...names.map((_, at) => `k${at}`)],
    declarations: `
var<workgroup> left : array<array<f32, 17>, 32>;
var<workgroup> right : array<array<vec4<f32>, 8>, 16>;
${activation(after, "vec4<f32>")}
fn number_(row : i32, column : i32) -> f32 {
  if (row >= uniforms.rows) { return 0.0; }
  var c = column;
  ${read}
  return 0.0;
}`,
    body: `
  let group = index / 64;
  let firstRow = (group / uniforms.tiles) * ${TILE};
  let firstColumn = (group % uniforms.tiles) * ${TILE};
  let across = local % 8;
  let down = (local / 8) * 4;
  var sums : array<vec4<f32>, 4>;
  for (var start = 0; start < uniforms.inner; start += 16) {
    for (var i = 0; i < 8; i++) {
      let at = local + i * 64;
      left[at / 16][at % 16] = number_(firstRow + at / 16, start + at % 16);
    }
    for (var i = 0; i < 2; i++) {
      let at = local + i * 64;
      let depth = start + at / 8;
      let column = firstColumn + (at % 8) * 4;
      var weights = vec4<f32>(0.0);
      if (depth < uniforms.inner && column < uniforms.outputs) {
        weights = panels[((column / ${PANEL}) * uniforms.inner + depth) * 2 + (column % ${PANEL}) / 4];
      }
      right[at / 8][at % 8] = weights;
    }
    workgroupBarrier();
    for (var d = 0; d < 16; d++) {
      let weights = right[d][across];
      for (var r = 0; r < 4; r++) { sums[r] += left[down + r][d] * weights; }
    }
    workgroupBarrier();
  }
  let column = firstColumn + across * 4;
  if (column < uniforms.outputs) {
    for (var r = 0; r < 4; r++) {
      let row = firstRow + down + r;
      if (row < uniforms.rows) {
        let found = activate_(sums[r] + bias[column / 4]);
        for (var c = 0; c < min(4, uniforms.outputs - column); c++) {
          ${
            plus
              ? "result[row * uniforms.outputs + column + c] = found[c] + plus[(row % uniforms.plusRows) * uniforms.outputs + column + c];"
              : "result[row * uniforms.outputs + column + c] = found[c];"
          }
        }
      }
    }
  }`,
  };
}

export function linear(
  backend: GpuBackend,
  tensors: Readonly<Record<string, TensorInfo | undefined>>,
  { inputs, outputs, activation: after }: LinearAttributes,
): TensorInfo {
  const { x, x1, x2, x3, panels, bias, plus } = tensors;
  const parts = [x, x1, x2, x3].filter((part) => part !== undefined);
  const sizeOf = ({ shape }: TensorInfo): number => shape.reduce((size, side) => size * side, 1);
  const depths = parts.map((part) => part.shape.at(-1)!);
  const rows = sizeOf(x!) / depths[0]!;
  const tiles = Math.ceil(outputs / TILE);
  const plusRows = plus ? sizeOf(plus) / outputs : 1;
  return runShader(backend, shader(parts.length, after, plus !== undefined), {
    inputs: [...parts, panels!, bias!, ...(plus ? [plus] : [])],
    shape: [...x!.shape.slice(0, -1), outputs],
    uniforms: [rows, inputs, outputs, tiles, plusRows, ...depths],
    groups: Math.ceil(rows / TILE) * tiles,
  });
}
