// A Vite plugin that keeps everything but tokenising out of @xenova/transformers: downloads, file system, ONNX tensors and
// chat templates hang on the tokeniser's module by imports that our calls never reach. For pages, workers, Node and tests.
import type { Plugin } from "vite";

const PACKAGE = "@xenova/transformers";
const insidePackage = /[\\/]@xenova[\\/]transformers[\\/]src[\\/]/;
const PREFIX = "\0transformers-stub:";

/** What the tokeniser's module imports and BertTokenizer never calls, by import specifier. */
const stubs: Readonly<Record<string, string>> = {
  "./utils/hub.js": "export const getModelJSON = () => Promise.reject(new Error('No network in the tokeniser.'));",
  "./utils/tensor.js": "export class Tensor {}",
  "@huggingface/jinja": "export class Template {}",
};

/** Chooses among every kind of tokeniser there is; ours is always WordPiece, and a choice left out takes its class with it. */
const CHOICE = /\n\s*case '(?!WordPiece')\w+':(?:\s*\/\/.*)?\s*return new \w+\(config(?:, \.\.\.args)?\);/g;
const OTHERWISE =
  /\n\s*if \(config\.vocab\) \{\s*(?:\/\/.*)?\s*return new LegacyTokenizerModel\(config, \.\.\.args\);\s*\}/;

/** Also to be named in `worker.plugins`: Vite builds workers with plugins of their own. */
export function transformersStubs(): Plugin {
  return {
    name: "mner-qg:transformers-stubs",
    enforce: "pre",
    config: () => ({
      // Bundling ahead of time and leaving it to Node would both go round this plugin.
      optimizeDeps: { exclude: [PACKAGE] },
      ssr: { noExternal: [PACKAGE] },
      test: { server: { deps: { inline: [PACKAGE] } } },
    }),
    resolveId(source, importer) {
      if (importer !== undefined && insidePackage.test(importer) && Object.hasOwn(stubs, source))
        return PREFIX + source;
      return null;
    },
    transform(code, id) {
      if (!insidePackage.test(id) || !id.endsWith("tokenizers.js")) return null;
      if (!CHOICE.test(code) || !OTHERWISE.test(code)) {
        this.error(`${id} has changed: its choices are written otherwise. Read it and adapt this plugin.`);
      }
      return { code: code.replace(CHOICE, "").replace(OTHERWISE, ""), map: null };
    },
    load(id) {
      return id.startsWith(PREFIX) ? stubs[id.slice(PREFIX.length)] : null;
    },
  };
}
