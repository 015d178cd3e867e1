// The element in every state that has a look of its own: each section of the gallery, both themes, a phone and a desktop.
import { resolve } from "node:path";
import { runnerImport } from "vite";

const sections = ["collins", "summer-palace", "nested", "right-to-left", "not-in-photo", "error"];

/** Returns the files it wrote. */
export async function takeElement(root, folder) {
  const { module } = await runnerImport(resolve(root, "test/element/screenshots.ts"), {
    root,
    configFile: false,
    logLevel: "error",
  });
  return module.takeScreenshots(folder, sections);
}
