// A Vite plugin that takes TensorFlow.js in parts: of its core what is used, and its Emscripten module without its Node
// shell. For pages, workers, Node and tests.
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { KERNELS } from "../../src/engine/backends/kernels.js";

const CORE = "@tensorflow/tfjs-core";
/** Backends import the core by name, which would bring all of it. */
const CORE_PARTS = fileURLToPath(new URL("../../src/engine/backends/core-parts.ts", import.meta.url));

/** The package's own way to threads, which is not taken (src/engine/backends/fused/pool.ts), but imported all the same. */
const THREADED = /tfjs-backend-wasm-threaded-simd(\.worker)?\.js$/;
const NOTHING = "\0mner-qg:nothing";

/** `mner-qg:kernels/webgpu` and the like: the kernels of kernels.ts as that backend has them. */
const KERNELS_OF = "mner-qg:kernels/";

function kernelsOf(backend: string): string {
  const named = KERNELS.map(
    (file) => [file, `${file.replace(/[A-Z]/, (first) => first.toLowerCase())}Config`] as const,
  );
  const imports = named.map(
    ([file, name]) => `import { ${name} } from "@tensorflow/tfjs-backend-${backend}/dist/kernels/${file}.js";`,
  );
  return `${imports.join("\n")}\nexport default [${named.map(([, name]) => name).join(", ")}];`;
}

interface Patch {
  readonly file: RegExp;
  readonly find: RegExp;
  readonly replacement: string | ((match: string, ...groups: string[]) => string);
}

const patches: readonly Patch[] = [
  {
    // Emscripten's Node shell needs `require` and installs process-wide error handlers. The binary is handed over as
    // bytes, so that no shell is needed anywhere.
    file: /tfjs-backend-wasm[\\/]wasm-out[\\/]tfjs-backend-wasm(-simd)?\.js/,
    find: /ENVIRONMENT_IS_NODE\s*=\s*typeof process\s*==\s*"object"\s*&&\s*typeof process\.versions\s*==\s*"object"\s*&&\s*typeof process\.versions\.node\s*==\s*"string"/,
    replacement: "ENVIRONMENT_IS_NODE=false",
  },
  {
    // The GPU backends take each helper of the cpu backend out of one object, which keeps all of them; as re-exports, those
    // that no kernel of ours asks for are dropped.
    file: /tfjs-backend-web(gpu|gl)[\\/]dist[\\/]kernel_utils[\\/]shared\.js/,
    find: /import \* as shared from ('[^']+');\s*const (\{[^}]+\}) = shared;\s*export \{[^}]+\};/,
    replacement: (_, source, names) => `export ${names.replaceAll(": ", " as ")} from ${source};`,
  },
  {
    // For the same reason: one helper, asked for by name.
    file: /tfjs-backend-webgl[\\/]dist[\\/]shader_compiler\.js/,
    find: /const \{ getBroadcastDims \} = backend_util;/,
    replacement: "const getBroadcastDims = backend_util.getBroadcastDims;",
  },
];

/** Also to be named in `worker.plugins`: Vite builds workers with plugins of their own. */
export function tensorflowParts(): Plugin {
  return {
    name: "mner-qg:tensorflow-parts",
    enforce: "pre",
    config: () => ({
      // Bundling ahead of time and leaving it to Node would both go round this plugin.
      optimizeDeps: {
        exclude: [CORE, ...["cpu", "wasm", "webgl", "webgpu"].map((name) => `@tensorflow/tfjs-backend-${name}`)],
      },
      ssr: { noExternal: [/^@tensorflow\//] },
      test: { server: { deps: { inline: [/@tensorflow\//] } } },
    }),
    resolveId(source) {
      if (source.startsWith(KERNELS_OF)) return `\0${source}`;
      return source === CORE ? CORE_PARTS : THREADED.test(source) ? NOTHING : null;
    },
    load(id) {
      if (id.startsWith(`\0${KERNELS_OF}`)) return kernelsOf(id.slice(KERNELS_OF.length + 1));
      return id === NOTHING ? "export default null; export const wasmWorkerContents = '';" : null;
    },
    transform(code, id) {
      const wanted = patches.filter(({ file }) => file.test(id.split("?")[0]!));
      if (wanted.length === 0) return null;
      let patched = code;
      for (const { find, replacement } of wanted) {
        if (!find.test(patched))
          this.error(`${id} has changed: ${find} no longer matches. Read it and adapt this plugin.`);
        patched = patched.replace(find, replacement as string);
      }
      return { code: patched, map: null };
    },
  };
}
