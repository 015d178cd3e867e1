// The model's files on the device. The model room stores and verifies them, by release; the service worker only sees to it
// that the release of this version is there, and that releases nobody needs any more go.
import { isMnerError } from "../../core/mner-error.js";
import { loadModel } from "../../model/index.js";

/** How the model room names its caches: their last part is the release. */
const MODEL_CACHES = "mner-qg-model/";
const MANIFEST = "manifest.json";

export interface ModelPlace {
  /** Absolute address of the folder. */
  readonly folder: string;
  readonly release: string;
}

/**
 * Fetches the whole release, or goes on where an earlier attempt broke off. A device without room for it does not stop the
 * update: its old version did not work offline either.
 */
export async function fetchModel({ folder, release }: ModelPlace): Promise<void> {
  const loaded = await loadModel(folder);
  if (loaded.release !== release) throw new Error(`The model at ${folder} belongs to another version of the app.`);
}

/** Whether every file of the release is on the device and has its hash. Nothing is fetched. */
export async function isModelWhole({ folder, release }: ModelPlace, manifest: Response | undefined): Promise<boolean> {
  if (!manifest) return false;
  const bytes = await manifest.arrayBuffer();
  const answer = async (input: RequestInfo | URL): Promise<Response> => {
    if (String(input) === `${folder}${MANIFEST}`) return new Response(bytes);
    throw new TypeError("Only what is on the device counts.");
  };
  try {
    const loaded = await loadModel(folder, { fetch: answer as typeof fetch, retry: { attempts: 1 } });
    return loaded.release === release && loaded.source === "device";
  } catch (error) {
    if (isMnerError(error)) return false;
    throw error;
  }
}

export async function dropReleases(releases: readonly string[]): Promise<void> {
  for (const name of await caches.keys()) {
    const release = name.startsWith(MODEL_CACHES) ? name.split("/").at(-1)! : "";
    if (releases.includes(release)) await caches.delete(name);
  }
}
