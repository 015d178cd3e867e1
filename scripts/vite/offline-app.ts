// The installable app: its web manifest, and its service worker with the list of every file of the build and its hash.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Plugin } from "vite";
import { type ManifestOptions, VitePWA } from "vite-plugin-pwa";
import type { VersionedFilesPlugin } from "./versioned-files.js";

const icon = (name: string, sizes: string, purpose: "any" | "maskable") => ({
  src: `icons/${name}`,
  sizes,
  type: name.endsWith(".svg") ? "image/svg+xml" : "image/png",
  purpose,
});

/** Members that the plugin's types do not know yet are standard all the same. */
const manifest: Partial<ManifestOptions> = {
  id: "./",
  name: "MNER-QG: names in a tweet, found in its photo",
  short_name: "MNER-QG",
  description:
    "Finds who and what a tweet is about and shows it in the photo. On your device, with or without a network.",
  lang: "en",
  dir: "ltr",
  start_url: "./",
  scope: "./",
  display: "standalone",
  theme_color: "#faf9f6",
  background_color: "#faf9f6",
  categories: ["productivity", "utilities", "education"],
  icons: [
    icon("icon-192.png", "192x192", "any"),
    icon("icon-512.png", "512x512", "any"),
    icon("icon-maskable-192.png", "192x192", "maskable"),
    icon("icon-maskable-512.png", "512x512", "maskable"),
    icon("icon.svg", "any", "any"),
  ],
  share_target: {
    action: "./share",
    method: "POST",
    enctype: "multipart/form-data",
    params: {
      title: "title",
      text: "text",
      url: "url",
      files: [{ name: "photo", accept: ["image/*", ".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"] }],
    },
  },
  file_handlers: [
    {
      action: "./",
      accept: {
        "image/jpeg": [".jpg", ".jpeg"],
        "image/png": [".png"],
        "image/webp": [".webp"],
        "image/avif": [".avif"],
        "text/csv": [".csv"],
        "application/x-ndjson": [".jsonl", ".ndjson"],
        "text/plain": [".conll"],
      },
    },
  ],
  launch_handler: { client_mode: ["focus-existing", "auto"] },
};

/** What the service worker is told of a file: enough to know that it has the right one. */
function describe(folder: string, url: string) {
  const bytes = readFileSync(join(folder, url));
  const integrity = `sha256-${createHash("sha256").update(bytes).digest("base64")}`;
  return { url, revision: null, integrity, size: bytes.length };
}

export function offlineApp(files: VersionedFilesPlugin): Plugin[] {
  let outFolder = "";
  const locate: Plugin = {
    name: "mner-qg:offline-app",
    configResolved(config) {
      outFolder = resolve(config.root, config.build.outDir);
    },
  };
  const plugin = VitePWA({
    strategies: "injectManifest",
    registerType: "prompt",
    injectRegister: false,
    srcDir: "src/pwa",
    filename: "service-worker.ts",
    manifest,
    includeManifestIcons: false,
    injectManifest: {
      rollupFormat: "iife",
      // All but the model's weights, which the model room keeps by release, and files that nobody asks for offline.
      globPatterns: ["**/*"],
      globIgnores: ["service-worker.js", "models/**", "**/*.map", "**/*.md"],
      maximumFileSizeToCacheInBytes: 64 * 1024 * 1024,
      manifestTransforms: [
        (entries) => {
          const versions = files.versions();
          const addressed = new Map(Object.values(versions.photos).map((address) => [address.split("?")[0], address]));
          // The web manifest comes twice: found in the folder, and added by the plugin.
          const urls = [...new Set(entries.map(({ url }) => url))];
          const listed = urls.map((url) => ({ ...describe(outFolder, url), url: addressed.get(url) ?? url }));
          // The model's manifest says what the release consists of: with it here, the rest is found without a network.
          const model = versions.release ? [describe(outFolder, `${versions.model}manifest.json`)] : [];
          return { manifest: [...listed, ...model].sort((a, b) => (a.url < b.url ? -1 : 1)), warnings: [] };
        },
      ],
    },
  });
  return [locate, ...plugin];
}
