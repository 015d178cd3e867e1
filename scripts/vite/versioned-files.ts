// A Vite plugin that gives every file of the demo an address that changes with its content. What Vite bundles has that by
// itself; photos, icons and the model folder are copied as they are, so a page of an old version could be given a file of a
// new one. With this, an address means one content for ever, and two versions can stand side by side in one cache.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Plugin } from "vite";

const MODEL = "models/mner-qg-mini";
const PHOTOS = "examples";
const SYSTEMS = "models/systems";

export interface VersionedFiles {
  /** Address of the model folder, relative to the page. */
  readonly model: string;
  /** SHA-256 of the model's manifest, which stands for all of its files; null as long as there is no model. */
  readonly release: string | null;
  /** Addresses of the example photos by name. */
  readonly photos: Readonly<Record<string, string>>;
}

const hashOf = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

function readVersions(publicFolder: string, isBuild: boolean): VersionedFiles {
  const manifest = join(publicFolder, MODEL, "manifest.json");
  const release = existsSync(manifest) ? hashOf(manifest) : null;
  const folder = join(publicFolder, PHOTOS);
  const photos = existsSync(folder) ? readdirSync(folder).filter((name) => /\.(?:jpe?g|png|webp)$/.test(name)) : [];
  return {
    model: release && isBuild ? `${MODEL}-${release.slice(0, 12)}/` : `${MODEL}/`,
    release,
    photos: Object.fromEntries(
      photos.map((name) => [name, `${PHOTOS}/${name}?v=${hashOf(join(folder, name)).slice(0, 12)}`]),
    ),
  };
}

export interface VersionedFilesPlugin extends Plugin {
  /** What this build calls its files. */
  versions(): VersionedFiles;
}

/** Defines `__MNER_FILES__` for the page, and moves the built model folder to its address. */
export function versionedFiles(): VersionedFilesPlugin {
  let outFolder = "";
  let versions: VersionedFiles = { model: `${MODEL}/`, release: null, photos: {} };
  return {
    versions: () => versions,
    name: "mner-qg:versioned-files",
    config(config, { command }) {
      const publicFolder = resolve(config.root ?? process.cwd(), config.publicDir || "public");
      versions = readVersions(publicFolder, command === "build");
      return { define: { __MNER_FILES__: JSON.stringify(versions) } };
    },
    configResolved(config) {
      outFolder = resolve(config.root, config.build.outDir);
    },
    writeBundle() {
      const built = join(outFolder, MODEL);
      if (!versions.release || !existsSync(built)) return;
      if (hashOf(join(built, "manifest.json")) !== versions.release) {
        this.error("The model was changed while the page was being built. Build it again.");
      }
      const target = join(outFolder, versions.model);
      rmSync(target, { recursive: true, force: true });
      renameSync(built, target);
      moveBases(join(outFolder, SYSTEMS), `../../${versions.model.slice("models/".length)}`);
    },
  };
}

/** Add-ons over the model name its new address. Theirs is another manifest then, which those over them name by its hash. */
function moveBases(folder: string, address: string): void {
  if (!existsSync(folder)) return;
  const moved = new Map<string, string>();
  let waiting = readdirSync(folder).map((name) => join(folder, name, "manifest.json"));
  while (waiting.length > 0) {
    const stay = waiting.filter((file) => {
      const manifest = JSON.parse(readFileSync(file, "utf8"));
      const { path, release } = manifest.base;
      const overModel = path === `../../${MODEL.slice("models/".length)}/`;
      if (!overModel && !moved.has(release)) return true;
      manifest.base = overModel ? { path: address, release } : { path, release: moved.get(release) };
      const before = hashOf(file);
      writeFileSync(file, JSON.stringify(manifest));
      moved.set(before, hashOf(file));
      return false;
    });
    if (stay.length === waiting.length) throw new Error(`${stay.join(", ")}: over no model of this site.`);
    waiting = stay;
  }
}
