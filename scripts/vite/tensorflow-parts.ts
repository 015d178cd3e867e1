// A Vite plugin that takes TensorFlow.js in parts: its core without gradients, training and file handling, and its
// Emscripten modules without their Node shell and without what a minifier would break. For pages, workers, Node and tests.
import type { Plugin } from "vite";

const CORE = "@tensorflow/tfjs-core";
/** Backends import the core by name, which would bring all of it; this is the same core without its side effects. */
const CORE_PARTS = `${CORE}/dist/base.js`;

interface Patch {
  readonly file: RegExp;
  readonly find: RegExp;
  readonly replacement: string;
}

const patches: readonly Patch[] = [
  {
    // Emscripten's Node shell needs `require` and installs process-wide error handlers. The binary is handed over as
    // bytes, so that no shell is needed anywhere.
    file: /tfjs-backend-wasm[\\/]wasm-out[\\/]tfjs-backend-wasm(-threaded)?-simd\.js|wasm-out[\\/]tfjs-backend-wasm\.js/,
    find: /ENVIRONMENT_IS_NODE\s*=\s*typeof process\s*==\s*"object"\s*&&\s*typeof process\.versions\s*==\s*"object"\s*&&\s*typeof process\.versions\.node\s*==\s*"string"/,
    replacement: "ENVIRONMENT_IS_NODE=false",
  },
  {
    // The threaded factory is sent to its workers as source text by toString(), but closes over `_scriptDir`. Minified
    // under another name it is undeclared there, `typeof` no longer guards it, and starting the backend hangs for ever.
    file: /wasm-out[\\/]tfjs-backend-wasm-threaded-simd\.js/,
    find: /typeof _scriptDir\s*!==\s*"undefined"\s*&&\s*_scriptDir/,
    replacement: "false",
  },
];

const isCoreIo = /[\\/]tfjs-core[\\/]dist[\\/]io[\\/]/;

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
    async resolveId(source, importer, options) {
      if (source === CORE) return this.resolve(CORE_PARTS, importer, { ...options, skipSelf: true });
      return null;
    },
    transform(code, id) {
      const wanted = patches.filter(({ file }) => file.test(id.split("?")[0]!));
      if (isCoreIo.test(id)) return { code, map: null, moduleSideEffects: false };
      if (wanted.length === 0) return null;
      let patched = code;
      for (const { find, replacement } of wanted) {
        if (!find.test(patched))
          this.error(`${id} has changed: ${find} no longer matches. Read it and adapt this plugin.`);
        patched = patched.replace(find, replacement);
      }
      return { code: patched, map: null };
    },
  };
}
