// The Cache API in memory, as much of it as storage uses; Node has none. The real one is tested in a browser. For tests.

/** Stored bodies by cache name and URL; `failPut` stands for a browser that refuses. */
export class MemoryCaches {
  readonly stores = new Map<string, Map<string, Uint8Array>>();
  failPut: Error | null = null;
  /** From this file on nothing answers any more, as after the browser has cleared what is in use. */
  silentFrom: string | null = null;
  private silent = false;

  async open(name: string): Promise<unknown> {
    const store = this.stores.get(name) ?? new Map<string, Uint8Array>();
    this.stores.set(name, store);
    return {
      match: async (url: string) => {
        if (this.silent) await new Promise(() => {});
        const body = store.get(url);
        return body && new Response(body.slice() as Uint8Array<ArrayBuffer>);
      },
      put: async (url: string, response: Response) => {
        this.silent ||= this.silentFrom !== null && url.endsWith(`/${this.silentFrom}`);
        if (this.silent) await new Promise(() => {});
        if (this.failPut) throw this.failPut;
        store.set(url, new Uint8Array(await response.arrayBuffer()));
      },
      delete: async (url: string) => store.delete(url),
    };
  }

  async keys(): Promise<string[]> {
    return [...this.stores.keys()];
  }

  async delete(name: string): Promise<boolean> {
    return this.stores.delete(name);
  }

  /** As the type that the code under test asks for. */
  asCacheStorage(): CacheStorage {
    return this as unknown as CacheStorage;
  }

  /** The stored body of one file in the only (or first) cache that has it. */
  find(path: string): { store: Map<string, Uint8Array>; url: string } | undefined {
    for (const store of this.stores.values()) {
      for (const url of store.keys()) if (url.endsWith(`/${path}`)) return { store, url };
    }
    return undefined;
  }
}
