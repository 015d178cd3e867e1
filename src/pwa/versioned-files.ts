// What the build knows of the files that stand outside the bundle: their addresses change with their content, so that an
// address means one content for ever and two versions of the app can live in one cache.

export interface VersionedFiles {
  /** Address of the model folder, relative to the page. */
  readonly model: string;
  /** SHA-256 of the model's manifest; null in a build without a model. */
  readonly release: string | null;
  /** Addresses of the example photos, by file name. */
  readonly photos: Readonly<Record<string, string>>;
}

declare const __MNER_FILES__: VersionedFiles | undefined;

/** Outside a build (unit tests) there is nothing to know. */
export const versionedFiles: VersionedFiles =
  typeof __MNER_FILES__ === "undefined" ? { model: "models/mner-qg-mini/", release: null, photos: {} } : __MNER_FILES__;
