// What is exported, and where its text and photo come from. Addresses are only passed on when they are harmless to open: whoever reads an
// export may turn them into links.

import { MnerError } from "../../core/mner-error.js";
import type { AnalysisResult } from "../../core/results.js";
import type { ImageInput } from "../../engine/analyzer.js";
import { absolute } from "../loose-values.js";

export interface ExportSource {
  /** Address of the page that holds the text. */
  readonly page?: string | undefined;
  /** Address of the photo. */
  readonly photo?: string | undefined;
}

/** The result there is, or why nothing can be exported. */
export function exportable(result: AnalysisResult | null): AnalysisResult {
  if (result) return result;
  throw new MnerError("results-invalid", "There are no results to export yet. Await analyze(), or set results.");
}

/** What a tag says of where its text and photo come from. */
export interface SourceTag {
  readonly image: ImageInput | null;
  readonly src: string | null;
  readonly baseURI: string;
}

export function sourceOf({ image, src, baseURI }: SourceTag): ExportSource {
  const photo = image instanceof URL || typeof image === "string" ? String(image) : src;
  return { page: baseURI, photo: photo ? absolute(photo, baseURI) : undefined };
}

/** The address as browsers write it, when it is one of http(s); else `null`. As it was given it may begin with control characters. */
export function safeAddress(address: string | undefined): string | null {
  if (!address) return null;
  try {
    const { protocol, href } = new URL(address);
    return /^https?:$/.test(protocol) ? href : null;
  } catch {
    return null;
  }
}

/** The photo's file name, for formats that know files by name. */
export function fileName(address: string | undefined): string {
  const safe = safeAddress(address);
  const last = safe ? new URL(safe).pathname.split("/").at(-1) : "";
  if (!last) return "photo";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
