// WebGL 2. The context is made here, so that a software one is only taken when asked for and its loss is noticed.

import kernels from "mner-qg:kernels/webgl";
import { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl/dist/backend_webgl.js";
import { clearWebGLContext, setWebGLContext } from "@tensorflow/tfjs-backend-webgl/dist/canvas_util.js";
import { env, registerBackend, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import { MnerError } from "../../core/mner-error.js";
import { type OpenBackend, type OpenOptions, SOFTWARE_GPU } from "./backend.js";
import { prepareCore } from "./core.js";

const VERSION = 2;

export async function openWebgl({ allowSoftware }: OpenOptions): Promise<OpenBackend> {
  const canvas = makeCanvas();
  const gl = canvas?.getContext("webgl2", {
    alpha: false,
    antialias: false,
    premultipliedAlpha: false,
    depth: false,
    stencil: false,
    failIfMajorPerformanceCaveat: !allowSoftware,
  }) as WebGL2RenderingContext | null | undefined;
  if (!canvas || !gl) {
    throw new MnerError(
      "backend-unavailable",
      'This browser offers no WebGL 2 here. WebAssembly (backend "wasm") works without it.',
    );
  }
  const renderer = rendererOf(gl);
  if (!allowSoftware && SOFTWARE_GPU.test(renderer)) {
    throw new MnerError(
      "backend-unavailable",
      'The only WebGL here is a software one, slower than WebAssembly (backend "wasm").',
    );
  }
  prepareCore(kernels);
  let closed = false;
  const lost = new Promise<string>((resolve) => {
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      if (closed) return;
      clearWebGLContext(VERSION);
      resolve("the WebGL context was lost");
    });
  });
  setWebGLContext(VERSION, gl);
  // Flags remember what an earlier context could do, also when that was none.
  env().set("WEBGL_VERSION", VERSION);
  env().set("HAS_WEBGL", true);
  const backend = new MathBackendWebGL();
  registerBackend("webgl", () => backend);
  await setBackend("webgl");
  return {
    name: "webgl",
    detail: renderer,
    threads: 0,
    lost,
    close: () => {
      closed = true;
      removeBackend("webgl");
      clearWebGLContext(VERSION);
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}

function makeCanvas(): OffscreenCanvas | HTMLCanvasElement | null {
  if (typeof OffscreenCanvas !== "undefined") return new OffscreenCanvas(1, 1);
  return typeof document === "undefined" ? null : document.createElement("canvas");
}

/** The plain name is masked in some browsers, the extension's is not. */
function rendererOf(gl: WebGL2RenderingContext): string {
  const extension = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(extension ? extension.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}
