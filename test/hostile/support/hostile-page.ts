// In Chromium: the tag with the real engine, and what the tests of this folder ask of both. Answers are plain data.
import { engine, getKernel, registerKernel, unregisterKernel } from "@tensorflow/tfjs-core";
import { defineMnerQg } from "../../../src/element/mner-qg.js";
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

/** Lets a backend run out of memory from now on, in every kernel that sums; undone by what is returned. */
export function starve(backendName: string): () => void {
  const kernel = getKernel("_FusedMatMul", backendName)!;
  const fail = () => {
    throw new RangeError("Array buffer allocation failed");
  };
  unregisterKernel(kernel.kernelName, backendName);
  registerKernel({ ...kernel, kernelFunc: fail });
  return () => {
    unregisterKernel(kernel.kernelName, backendName);
    registerKernel(kernel);
  };
}

/** Takes the GPU away while nothing runs: before the second of three runs, and before the third. */
export async function loseIdleDevice(options: AnalyzerOptions, text: string) {
  const notices: string[] = [];
  const analyzer = await createAnalyzer({ ...options, run: "page", onNotice: ({ code }) => notices.push(code) });
  const answers = [];
  for (let run = 0; run < 3; run++) {
    if (run > 0) {
      const current = engine().registry[options.backend!] as unknown as {
        device?: GPUDevice;
        gpgpu?: { gl: WebGL2RenderingContext };
      };
      current.device?.destroy();
      current.gpgpu?.gl.getExtension("WEBGL_lose_context")?.loseContext();
      // The loss is told in a task of its own.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { value, code } = await outcomeOf(analyzer.analyze({ text }));
    answers.push({ code, spans: value?.entities.map(({ start, end, type }) => [start, end, type]) ?? [] });
  }
  analyzer.dispose();
  const { code: disposed } = await outcomeOf(analyzer.analyze({ text }));
  return { answers, notices, disposed };
}
