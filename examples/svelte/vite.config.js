import { svelte } from "@sveltejs/vite-plugin-svelte";
import mnerQg from "mner-qg/vite";
import { defineConfig } from "vite";

export default defineConfig({ plugins: [svelte({ configFile: false }), mnerQg()] });
