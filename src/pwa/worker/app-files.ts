// The app's own files on the device: one cache per version, filled whole before the version may ever be used, every file
// held to the hash that the build wrote down.

/** A file of the build as the list in the service worker has it. */
export interface VersionFile {
  readonly url: string;
  /** `sha256-…`, as for a script's integrity attribute. */
  readonly integrity: string;
}

/** What a whole version's cache says of itself. */
export interface VersionRecord {
  readonly version: string;
  readonly addresses: readonly string[];
  /** SHA-256 of the manifest of the model that belongs to it. */
  readonly release: string | null;
}

const RECORD = "https://app.mner-qg.invalid/version";
/** Said before anything is fetched: a version on its way in needs its release already. */
const RELEASE = "https://app.mner-qg.invalid/release";
const CACHES = "mner-qg-app/1 ";
const AT_ONCE = 6;
const ATTEMPTS = 3;
const FIRST_DELAY_MS = 500;

async function integrityOf(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `sha256-${btoa(String.fromCharCode(...digest))}`;
}

/** Runs over all items, a few at once; the first failure ends it. */
async function forEach<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      await work(item).catch((error: unknown) => {
        queue.length = 0;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

export class AppFiles {
  readonly #files: readonly VersionFile[];
  readonly #scope: string;
  readonly #release: string | null;
  readonly #prefix: string;
  #version: string | null = null;

  constructor(files: readonly VersionFile[], scope: string, release: string | null) {
    this.#files = files;
    this.#scope = scope;
    this.#release = release;
    // Several copies of the app may live on one origin, each under its own path.
    this.#prefix = `${CACHES}${new URL(scope).pathname} `;
  }

  get count(): number {
    return this.#files.length;
  }

  knows(address: string): boolean {
    return this.#files.some(({ url }) => this.#absolute(url) === address);
  }

  /** Two builds that are equal in every byte are one version. */
  async version(): Promise<string> {
    const list = JSON.stringify(this.#files.map(({ url, integrity }) => [url, integrity]));
    this.#version ??= (await integrityOf(new TextEncoder().encode(list).buffer)).slice(7, 23);
    return this.#version;
  }

  /** Fetches what is missing; throws unless all of it is here, and right. */
  async fetchAll(): Promise<void> {
    const cache = await this.#open();
    await cache.put(RELEASE, Response.json(this.#release));
    const others = await this.#others();
    await forEach(this.#files, async (file) => {
      const address = this.#absolute(file.url);
      for (const source of [cache, ...others]) {
        const held = await source.match(address);
        if (!held || (await integrityOf(await held.clone().arrayBuffer())) !== file.integrity) continue;
        if (source !== cache) await cache.put(address, held);
        return;
      }
      await cache.put(address, await this.#fetch(file));
    });
  }

  /** Says that the version is whole. Until then its files are only the beginning of the next attempt. */
  async complete(): Promise<void> {
    const addresses = this.#files.map(({ url }) => this.#absolute(url));
    const record: VersionRecord = { version: await this.version(), addresses, release: this.#release };
    await (await this.#open()).put(RECORD, Response.json(record));
  }

  /** The page itself, of this version. */
  async page(): Promise<Response | undefined> {
    return (await this.#open()).match(this.#absolute("index.html"));
  }

  /** A file of this version or of any other that is still here: addresses are never used twice for different content. */
  async find(request: Request): Promise<Response | undefined> {
    const own = await (await this.#open()).match(request.url);
    if (own) return own;
    for (const other of await this.#others()) {
      const found = await other.match(request.url);
      if (found) return found;
    }
    return undefined;
  }

  /** Looks at every file: which are missing or not as they should be, and how much there is. */
  async inspect(): Promise<{ readonly missing: readonly string[]; readonly bytes: number }> {
    const cache = await this.#open();
    const missing: string[] = [];
    let bytes = 0;
    await forEach(this.#files, async ({ url, integrity }) => {
      const content = await (await cache.match(this.#absolute(url)))?.arrayBuffer();
      if (!content || (await integrityOf(content)) !== integrity) missing.push(url);
      else bytes += content.byteLength;
    });
    return { missing, bytes };
  }

  /**
   * Deletes the other versions that none of these scripts belongs to; returns the releases that nobody needs any more. A
   * version that is only partly there stays, unless it is told to go: its next attempt goes on from it.
   */
  async dropOthers(scriptsInUse: readonly string[], partsToo: boolean): Promise<readonly string[]> {
    const dropped: VersionRecord[] = [];
    for (const other of await this.#otherNames()) {
      const record = await readRecord(await caches.open(other));
      if (!record) {
        if (partsToo) await caches.delete(other);
      } else if (record.addresses.some((address) => scriptsInUse.includes(address))) continue;
      else if (await caches.delete(other)) dropped.push(record);
    }
    const needed = [this.#release, ...(await releasesOfAll())];
    return dropped.flatMap(({ release }) => release ?? []).filter((release) => !needed.includes(release));
  }

  #absolute(url: string): string {
    return new URL(url, this.#scope).href;
  }

  async #open(): Promise<Cache> {
    return caches.open(this.#prefix + (await this.version()));
  }

  async #otherNames(): Promise<string[]> {
    const own = this.#prefix + (await this.version());
    return (await caches.keys()).filter((name) => name !== own && name.startsWith(this.#prefix));
  }

  async #others(): Promise<Cache[]> {
    return Promise.all((await this.#otherNames()).map((name) => caches.open(name)));
  }

  async #fetch({ url, integrity }: VersionFile): Promise<Response> {
    // Hosts answer for the folder what they may redirect for the file.
    const address = url === "index.html" ? this.#scope : this.#absolute(url);
    for (let attempt = 1; ; attempt++) {
      try {
        // The first attempt may be answered by the browser's own cache, which the page has just filled.
        const cache = attempt === 1 ? "no-cache" : "reload";
        const response = await fetch(address, { integrity, cache, credentials: "same-origin" });
        if (!response.ok) throw new Error(`${address} gives status ${response.status}`);
        // A fresh response: one that was redirected may not be given to a page.
        return new Response(await response.blob(), { headers: response.headers });
      } catch (error) {
        if (attempt >= ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, FIRST_DELAY_MS * 2 ** (attempt - 1)));
      }
    }
  }
}

/** The releases that versions on this origin need, under whatever path they live: copies of the app share a model. */
async function releasesOfAll(): Promise<(string | null)[]> {
  const names = (await caches.keys()).filter((name) => name.startsWith(CACHES));
  const releases = names.map(async (name) => {
    const cache = await caches.open(name);
    const said = await cache.match(RELEASE);
    return said ? ((await said.json()) as string | null) : ((await readRecord(cache))?.release ?? null);
  });
  return Promise.all(releases);
}

async function readRecord(cache: Cache): Promise<VersionRecord | null> {
  const response = await cache.match(RECORD);
  return response ? ((await response.json()) as VersionRecord) : null;
}
