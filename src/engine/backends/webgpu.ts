// WebGPU. The device is asked for here rather than by the package's own start-up code, because that one fails inside a
// missing adapter, cannot tell a software adapter from a real one, and never watches for a lost device.
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu/dist/backend_webgpu.js";
import { registerBackend, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import { MnerError } from "../../errors/mner-error.js";
import { type OpenBackend, type OpenOptions, SOFTWARE_GPU } from "./backend.js";
import { prepareCore } from "./core.js";
import { registerWebgpuKernels } from "./webgpu-kernels.js";

/** The limits that large maps need; the defaults of the specification are lower than most devices. */
const LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const;

export async function openWebgpu({ allowSoftware }: OpenOptions): Promise<OpenBackend> {
  const adapter = await requestAdapter();
  if (adapter === null) throw unavailable("This browser offers no WebGPU adapter here");
  if (!allowSoftware && isSoftware(adapter))
    throw unavailable("The only WebGPU adapter is a software one, slower than WebAssembly");
  prepareCore();
  registerWebgpuKernels();
  const device = await adapter
    .requestDevice({ requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])) })
    .catch((cause: unknown) => {
      throw unavailable("The WebGPU adapter gave no device", cause);
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

async function requestAdapter(): Promise<GPUAdapter | null> {
  try {
    return (await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" })) ?? null;
  } catch {
    return null;
  }
}

function isSoftware(adapter: GPUAdapter): boolean {
  const { info } = adapter;
  // Older Chromiums have the flag on the adapter itself.
  const flagged = info.isFallbackAdapter || (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter;
  return (
    flagged === true || SOFTWARE_GPU.test(`${info.vendor} ${info.architecture} ${info.device} ${info.description}`)
  );
}

function describe({ info }: GPUAdapter): string {
  return info.description || [info.vendor, info.architecture].filter(Boolean).join(" ");
}

function unavailable(what: string, cause?: unknown): MnerError {
  return new MnerError("backend-unavailable", `${what}. Use backend "auto" or "wasm".`, { cause });
}
