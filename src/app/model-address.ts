// Which model the page uses: the one of its own version, or a folder of the same site that the address names
// (`?model=models/tiny-run/`), for whoever trains their own.
import { versionedFiles } from "../pwa/versioned-files.js";

export function modelAddress(): string {
  return chooseModel(versionedFiles.model, document.baseURI);
}

/** `page` is the address of the page; a link must not be able to bring a model from another site. */
export function chooseModel(shipped: string, page: string): string {
  const asked = new URL(page).searchParams.get("model");
  const own = new URL(shipped, page).href;
  if (!asked) return own;
  try {
    const wanted = new URL(asked, page);
    return wanted.origin === new URL(page).origin ? wanted.href : own;
  } catch {
    return own;
  }
}
