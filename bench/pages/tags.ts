// In Chromium: many tags on one page, each with a text of its own and one of a few photos.
const PHOTOS = ["astronaut", "chelsea", "china", "coffee", "flower"].map((name) => `/examples/${name}.jpg`);

/** Registers the element and waits for a first result, so that the engine is there. */
export async function start(): Promise<void> {
  const script = "/dist/mner-qg.js";
  await import(/* @vite-ignore */ script);
  await show(1);
}

let shown = 0;

/** Milliseconds from putting so many tags into the page until the last of them has its result. */
export async function show(count: number): Promise<number> {
  const place = document.createElement("main");
  const begun = performance.now();
  const results: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    const tag = document.createElement("mner-qg");
    tag.setAttribute("backend", "wasm");
    tag.setAttribute("loading", "eager");
    tag.setAttribute("src", PHOTOS[index % PHOTOS.length]!);
    tag.textContent = `Tweet ${shown++} from Paris: Anna met Tim Cook of Apple at the Louvre.`;
    results.push(
      new Promise((resolve, reject) => {
        tag.addEventListener("mner-result", () => resolve(), { once: true });
        tag.addEventListener("mner-error", (event) => reject((event as CustomEvent).detail.error ?? event), {
          once: true,
        });
      }),
    );
    place.append(tag);
  }
  document.body.append(place);
  await Promise.all(results);
  const ms = performance.now() - begun;
  place.remove();
  return ms;
}
