// WebGPU. The device is asked for here rather than by the package's own start-up code, because that one fails inside a
// missing adapter, cannot tell a software adapter from a real one, and never watches for a lost device.

import kernels from "mner-qg:kernels/webgpu";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu/dist/backend_webgpu.js";
import { registerBackend, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import type { OpenBackend } from "./backend.js";
import { prepareCore } from "./core.js";
import { unavailable } from "./gpu-adapter.js";
import { registerShaders } from "./shaders/register.js";

/** The limits that large maps need; the defaults of the specification are lower than most devices. */
const LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const;

export async function openWebgpu(adapter: GPUAdapter): Promise<OpenBackend> {
  prepareCore(kernels);
  registerShaders();
  const device = await adapter
    .requestDevice({ requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])) })
    .catch((cause: unknown) => {
      throw unavailable("The WebGPU adapter gave no device.", cause);
    });
  let closed = false;
  const lost = new Promise<string>((resolve) => {
    // Closing destroys the device too; that loss is no news.
    void device.lost.then(({ message, reason }) => void (closed || resolve(message || reason || "unknown reason")));
  });
  const backend = new WebGPUBackend(device, adapter.info);
  registerBackend("webgpu", () => backend);
  await setBackend("webgpu");
  return {
    name: "webgpu",
    detail: describe(adapter),
    threads: 0,
    lost,
    close: () => {
      closed = true;
      removeBackend("webgpu");
      device.destroy();
    },
  };
}

function describe({ info }: GPUAdapter): string {
  return info.description || [info.vendor, info.architecture].filter(Boolean).join(" ");
}
