// In Chromium: the tag and an analyser of its own on a page that has put names on Object.prototype. What came of it goes to the
// console, since whatever asks from outside would read those names, too.
import type * as Engine from "../../../src/engine/create-analyzer.js";

/** A file of the package as it is shipped. */
const shipped = (name: string): Promise<unknown> => import(/* @vite-ignore */ `${location.origin}/shipped/${name}`);

const [MODEL, TEXT] = ["/models/tiny/", "Ana Lima met John in Paris"];

interface Seen {
  readonly text: string;
  readonly image: { readonly width: number; readonly height: number } | null;
  readonly queries: number;
  readonly backend: string;
  readonly notices: readonly { readonly code: string }[];
}

/** One line: the same on a page of good manners. */
function say({
  text,
  image,
  queries,
  backend,
  notices,
}: Omit<Seen, "queries"> & { queries: readonly unknown[] }): string {
  return [text, image?.width, image?.height, queries.length, backend, ...notices.map(({ code }) => code)].join("|");
}

async function photo(): Promise<Blob> {
  const canvas = new OffscreenCanvas(40, 30);
  canvas.getContext("2d")!.fillRect(5, 5, 20, 20);
  return canvas.convertToBlob();
}

async function run(): Promise<readonly string[]> {
  const said: string[] = [];
  await shipped("mner-qg.js");
  const { createAnalyzer } = (await shipped("index.js")) as typeof Engine;
  const tag = document.createElement("mner-qg");
  tag.setAttribute("loading", "manual");
  tag.setAttribute("model", MODEL);
  tag.setAttribute("backend", "wasm");
  tag.setAttribute("alt", "x");
  tag.textContent = TEXT;
  tag.image = await photo();
  document.body.append(tag);
  said.push(say(await tag.analyze()));
  await tag.updateComplete;
  said.push(tag.shadowRoot!.querySelector(".text")!.textContent!);
  const started = new AbortController();
  const analyzer = await createAnalyzer({ model: MODEL, backend: "wasm", signal: started.signal });
  said.push(say(await analyzer.analyze({ text: TEXT, image: await photo(), signal: started.signal })));
  // Neither a photo nor anything else that was not asked for.
  said.push(say(await analyzer.analyze({ text: TEXT })));
  analyzer.dispose();
  const none = await createAnalyzer({ model: "/nowhere/", backend: "wasm" }).catch(
    ({ code }: { code: string }) => code,
  );
  said.push(String(none));
  tag.remove();
  return said;
}

run().then(
  (said) => console.log(`SAID ${said.join(" / ")}`),
  (error: { code?: string; message: string }) => console.log(`SAID failed: ${error.code}: ${error.message}`),
);
