// The last resort: plain JavaScript. Slow, but there is nothing it needs.

import kernels from "mner-qg:kernels/cpu";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu/dist/backend_cpu.js";
import { registerBackend, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import { NEVER_LOST, type OpenBackend } from "./backend.js";
import { prepareCore } from "./core.js";

export async function openCpu(): Promise<OpenBackend> {
  prepareCore(kernels);
  const backend = new MathBackendCPU();
  registerBackend("cpu", () => backend);
  await setBackend("cpu");
  return { name: "cpu", detail: "", threads: 1, lost: NEVER_LOST, close: () => removeBackend("cpu") };
}
