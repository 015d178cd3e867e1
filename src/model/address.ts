// Addresses: from what a page author writes to the model folder's URL, and from there to the URL of each file.
import { MnerError } from "../core/mner-error.js";
import { MANIFEST_FILE } from "./manifest.js";

/**
 * The folder's URL, ending in a slash. A missing slash or a trailing `manifest.json` is forgiven; a query (a token, a
 * version) is kept and sent with every file.
 */
export function resolveFolder(model: string | URL, base: string | undefined = pageAddress()): URL {
  let url: URL;
  try {
    url = new URL(model, base);
  } catch (error) {
    throw new MnerError(
      "option-invalid",
      `"${String(model).slice(0, 200)}" is not the address of a model folder. Give a URL such as "/models/mner-qg-mini/".`,
      { cause: error },
    );
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new MnerError(
      "option-invalid",
      `A model folder is loaded over http or https, not "${url.protocol}". Serve the folder; in Node, give its path.`,
    );
  }
  url.hash = "";
  if (url.pathname.endsWith(`/${MANIFEST_FILE}`)) url.pathname = url.pathname.slice(0, -MANIFEST_FILE.length);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** The URL of one file of the folder; `path` has passed the manifest's checks. */
export function fileAddress(folder: URL, path: string): URL {
  const url = new URL(path, folder);
  url.search = folder.search;
  return url;
}

function pageAddress(): string | undefined {
  const { document, location } = globalThis as { document?: { baseURI?: string }; location?: { href?: string } };
  return document?.baseURI ?? location?.href;
}
