// In Chromium: the tag with the real engine, and what the tests of this folder ask of both. Answers are plain data.
import { defineMnerQg } from "../../../src/element/define.js";
import { type AnalyzerOptions, createAnalyzer } from "../../../src/engine/create-analyzer.js";
import { outcomeOf } from "../../engine/analyzer-page.js";

export { breakAfterRegistration, makePhoto } from "../../engine/analyzer-page.js";
export { forgetStoredModels, isModelStored, load } from "../../model/load-page.js";
export { createAnalyzer, outcomeOf };

defineMnerQg();

/** Another copy of this module. */
export function importFrom(address: string): Promise<typeof import("./hostile-page.js")> {
  return import(/* @vite-ignore */ address);
}

/** A photo as a test can send it. */
export type SentPhoto = { readonly url: string } | { readonly base64: string } | null;

export interface SentRequest {
  readonly text: unknown;
  readonly photo?: SentPhoto;
  readonly more?: Readonly<Record<string, unknown>>;
}

export interface Told {
  readonly code: string | null;
  readonly message: string | null;
  /** Codes of the notices of analyser and result. */
  readonly notices: readonly string[];
  readonly text?: string;
  readonly image?: { readonly width: number; readonly height: number } | null;
  readonly spans?: readonly (readonly [start: number, end: number])[];
  readonly boxes?: number;
  readonly backend?: string;
}

function photoOf(photo: SentPhoto): string | Blob | null {
  if (photo === null) return null;
  if ("url" in photo) return photo.url;
  return new Blob([Uint8Array.from(atob(photo.base64), (letter) => letter.charCodeAt(0))]);
}

/** Makes an analyser, asks once, lets go. */
export async function ask(options: AnalyzerOptions, { text, photo = null, more }: SentRequest): Promise<Told> {
  const notices: string[] = [];
  const asked = async () => {
    const analyzer = await createAnalyzer({ ...options, onNotice: ({ code }) => notices.push(code) });
    try {
      return await analyzer.analyze({ text: text as string, image: photoOf(photo), ...more });
    } finally {
      analyzer.dispose();
    }
  };
  const { value, code, message } = await outcomeOf(asked());
  if (value === null) return { code, message, notices };
  return {
    code,
    message,
    notices: [...new Set([...notices, ...value.notices.map((notice) => notice.code)])],
    text: value.text,
    image: value.image,
    spans: value.entities.map(({ start, end }) => [start, end] as const),
    boxes: value.queries.filter(({ region, alternatives }) => region !== null || alternatives.length > 0).length,
    backend: value.backend,
  };
}

/** What the tag shows and fires for such a text and photo, and that it is usable afterwards. */
export async function askTag(attributes: Readonly<Record<string, string>>): Promise<{
  readonly fired: readonly string[];
  readonly shown: string;
  readonly text: string;
  readonly after: number;
}> {
  const fired: string[] = [];
  const tag = document.createElement("mner-qg");
  tag.loading = "manual";
  for (const [name, value] of Object.entries(attributes)) tag.setAttribute(name, value);
  tag.addEventListener("mner-error", ({ detail }) => fired.push(detail.error.code));
  document.body.append(tag);
  await tag.analyze().catch(() => {});
  await tag.updateComplete;
  const root = tag.shadowRoot!;
  const [shown, text] = [root.textContent ?? "", root.querySelector(".text")?.textContent ?? ""];
  tag.model = "/models/tiny/";
  tag.backend = "wasm";
  tag.text = "John in Paris";
  tag.src = null;
  const { queries } = await tag.analyze();
  tag.remove();
  return { fired, shown, text, after: queries.length };
}
