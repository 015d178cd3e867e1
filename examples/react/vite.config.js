import mnerQg from "mner-qg/vite";
import { defineConfig } from "vite";

export default defineConfig({ plugins: [mnerQg()] });
