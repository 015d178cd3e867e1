// Attention of all heads: four queries of a head for each workgroup, keys by blocks of 128, with a softmax that corrects itself
// as larger scores come.
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { AttentionAttributes } from "../../../nn/fused.js";
import { type GpuBackend, runShader, type Shader } from "./program.js";

const [QUERIES, KEYS, LANES] = [4, 128, 16];
/** The widest head: a lane for each four numbers. */
export const MOST_WIDTH = LANES * 4;

const shader = (masked: boolean): Shader => ({
  name: `attention-${masked}`,
  inputs: { query: 4, keyRows: 4, valueRows: 4, ...(masked ? { hidden: 1 as const } : {}) },
  written: 4,
  integers: [
    ...["heads", "queries", "keys", "fours", "blocks", "shares"],
    ...["queryStride", "queryFirst", "keyStride", "keyFirst", "valueStride", "valueFirst"],
  ],
  declarations: `
var<workgroup> asked : array<array<vec4<f32>, ${LANES}>, ${QUERIES}>;
var<workgroup> scores : array<array<f32, ${KEYS}>, ${QUERIES}>;
var<workgroup> marks : array<array<f32, ${LANES}>, ${QUERIES}>;
var<workgroup> sums : array<array<vec4<f32>, ${LANES}>, ${QUERIES}>;`,
  body: `
  let group = index / 64;
  let block = group % uniforms.blocks;
  let head = (group / uniforms.blocks) % uniforms.heads;
  let sequence = group / (uniforms.blocks * uniforms.heads);
  let q = local / ${LANES};
  let lane = local % ${LANES};
  let row = block * ${QUERIES} + q;
  let shift = head * uniforms.fours;
  if (lane < uniforms.fours) {
    let known = min(row, uniforms.queries - 1);
    asked[q][lane] = query[(sequence * uniforms.queries + known) * uniforms.queryStride + uniforms.queryFirst + shift + lane];
  }
  workgroupBarrier();
  // Lanes that a narrow head leaves over take every other key.
  let share = lane / uniforms.fours;
  let place = lane % uniforms.fours;
  var sum = vec4<f32>(0.0);
  var most = -1e30;
  var total = 0.0;
  for (var start = 0; start < uniforms.keys; start += ${KEYS}) {
    for (var i = 0; i < 2; i++) {
      let j = local + i * 64;
      var found = vec4<f32>(-1e30);
      if (start + j < uniforms.keys) {
        let at = (sequence * uniforms.keys + start + j) * uniforms.keyStride + uniforms.keyFirst + shift;
        found = vec4<f32>(${masked ? "hidden[sequence * uniforms.keys + start + j]" : "0.0"});
        for (var d = 0; d < uniforms.fours; d++) {
          let k = keyRows[at + d];
          found += vec4<f32>(dot(asked[0][d], k), dot(asked[1][d], k), dot(asked[2][d], k), dot(asked[3][d], k));
        }
      }
      scores[0][j] = found.x;
      scores[1][j] = found.y;
      scores[2][j] = found.z;
      scores[3][j] = found.w;
    }
    workgroupBarrier();
    var here = -1e30;
    for (var i = 0; i < ${KEYS / LANES}; i++) { here = max(here, scores[q][lane + i * ${LANES}]); }
    marks[q][lane] = here;
    workgroupBarrier();
    var newest = most;
    for (var i = 0; i < ${LANES}; i++) { newest = max(newest, marks[q][i]); }
    let kept = exp(most - newest);
    sum *= kept;
    total *= kept;
    most = newest;
    for (var i = 0; i < ${KEYS / LANES}; i++) {
      let weight = exp(scores[q][lane + i * ${LANES}] - most);
      scores[q][lane + i * ${LANES}] = weight;
      total += weight;
    }
    workgroupBarrier();
    if (share < uniforms.shares) {
      let end = min(${KEYS}, uniforms.keys - start);
      for (var j = share; j < end; j += uniforms.shares) {
        let at = (sequence * uniforms.keys + start + j) * uniforms.valueStride + uniforms.valueFirst + shift + place;
        sum += scores[q][j] * valueRows[at];
      }
    }
    workgroupBarrier();
  }
  marks[q][lane] = total;
  sums[q][lane] = sum;
  workgroupBarrier();
  if (lane < uniforms.fours && row < uniforms.queries) {
    var all = 0.0;
    for (var i = 0; i < ${LANES}; i++) { all += marks[q][i]; }
    var mixed = vec4<f32>(0.0);
    for (var i = 0; i < uniforms.shares; i++) { mixed += sums[q][lane + i * uniforms.fours]; }
    result[(sequence * uniforms.queries + row) * uniforms.heads * uniforms.fours + shift + lane] = mixed / all;
  }`,
});

export function attention(
  backend: GpuBackend,
  { query, key, value, mask }: Readonly<Record<string, TensorInfo | undefined>>,
  { batch, heads, width, queryColumn, keyColumn, valueColumn }: AttentionAttributes,
): TensorInfo {
  const [queries, keys] = [query!.shape[0]! / batch, key!.shape[0]! / batch];
  const fours = width / heads / 4;
  const blocks = Math.ceil(queries / QUERIES);
  const part = (tensor: TensorInfo, column: number): [number, number] => [tensor.shape[1]! / 4, column / 4];
  return runShader(backend, shader(mask !== undefined), {
    inputs: [query!, key!, value!, ...(mask ? [mask] : [])],
    shape: [query!.shape[0]!, width],
    uniforms: [
      ...[heads, queries, keys, fours, blocks, Math.floor(LANES / fours)],
      ...[...part(query!, queryColumn), ...part(key!, keyColumn), ...part(value!, valueColumn)],
    ],
    groups: batch * heads * blocks,
  });
}
