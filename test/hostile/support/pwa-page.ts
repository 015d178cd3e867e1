// In Chromium: the parts of the service worker that a page can run as well, over the browser's own caches.
import { receiveShare, takeShare } from "../../../src/pwa/share-inbox.js";
import { AppFiles } from "../../../src/pwa/worker/app-files.js";

const INBOX = "mner-qg-inbox/1";

/** Posts a form of so many photos of so many bytes; says where the reader is sent and what is kept of it. */
export async function share(photos: number, bytes: number, text = "") {
  const form = new FormData();
  form.set("text", text);
  for (let index = 0; index < photos; index++) {
    form.append("photo", new File([new Uint8Array(bytes)], `${index}.jpg`, { type: "image/jpeg" }));
  }
  const request = new Request("/share", { method: "POST", body: form });
  const answer = await receiveShare(request, `${location.origin}/`);
  const id = new URL(answer.headers.get("location")!).searchParams.get("shared")!;
  return { id, kept: await keptBytes() };
}

export async function take(id: string) {
  const taken = await takeShare(id);
  return taken && { text: taken.text.length, photos: taken.photos.length };
}

export async function keptBytes(): Promise<number> {
  const cache = await caches.open(INBOX);
  const sizes = (await cache.matchAll()).map(async (response) => (await response.blob()).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/**
 * Two copies of the app on this origin. Both were installed with one release; then the copy under /one/ gets a new version
 * with another. Which releases may go?
 */
export async function updateBesideAnother(other: "whole" | "installing"): Promise<readonly string[]> {
  const scope = (name: string) => `${location.origin}/${name}/`;
  const version = (name: string, release: string) =>
    new AppFiles([{ url: `v-${release}`, integrity: release }], scope(name), release);
  const beside = version("two", "shared-release");
  if (other === "whole") await beside.complete();
  // Its files are still on their way: nothing is there but what was said first.
  else await beside.fetchAll().catch(() => {});
  await version("one", "shared-release").complete();
  const next = version("one", "next-release");
  await next.complete();
  return next.dropOthers([], true);
}
