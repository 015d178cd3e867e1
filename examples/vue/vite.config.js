import vue from "@vitejs/plugin-vue";
import mnerQg from "mner-qg/vite";
import { defineConfig } from "vite";

// Vue would take an unknown tag for a component of its own.
const isCustomElement = (tag) => tag === "mner-qg";

export default defineConfig({
  plugins: [vue({ template: { compilerOptions: { isCustomElement } } }), mnerQg()],
});
