// `node bench/gpu.mjs`: the network on a real GPU, by WebGPU, against WebAssembly in the same browser. Build first: npm run build.
// Says which adapter it got, how long runs take, and how often each calls upon the GPU. Ends with status 1 where there is no GPU
// but a software one, whose times would say nothing. Needs neither Python nor onnxruntime; CHROME_PATH names another browser.
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";
import { ensureBrowser } from "../scripts/ensure-browser.mjs";

process.env.CHROME_PATH = ensureBrowser();
const root = fileURLToPath(new URL("..", import.meta.url));
const { module } = await runnerImport(`${root}bench/harness/gpu.ts`, { root });
process.exitCode = await module.measureGpu(process.argv.includes("--software"));
