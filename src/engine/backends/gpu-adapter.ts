// Asks for a WebGPU adapter before any of that backend's code is fetched: most devices without one would load it for nothing.
import { MnerError } from "../../core/mner-error.js";
import { SOFTWARE_GPU } from "./backend.js";

export async function findGpuAdapter(allowSoftware: boolean): Promise<GPUAdapter> {
  const adapter = await requestAdapter();
  if (adapter === null) throw unavailable("This browser offers no WebGPU adapter here.");
  if (!allowSoftware && isSoftware(adapter)) {
    throw unavailable("The only WebGPU adapter is a software one, slower than WebAssembly.");
  }
  return adapter;
}

export function unavailable(what: string, cause?: unknown): MnerError {
  return new MnerError("backend-unavailable", `${what} WebAssembly (backend "wasm") works without one.`, { cause });
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
