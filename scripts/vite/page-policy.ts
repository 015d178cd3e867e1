// A Vite plugin that writes the Content-Security-Policy into the built page, for hosts that cannot send headers: even there
// nothing can leave the page's own origin. Not while developing: Vite's dev server injects inline scripts.
import type { Plugin } from "vite";
import { contentSecurityPolicy } from "../serve/security-headers.mjs";

export function pagePolicy(): Plugin {
  return {
    name: "mner-qg:page-policy",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: () => [
        {
          tag: "meta",
          attrs: { "http-equiv": "Content-Security-Policy", content: contentSecurityPolicy({ frames: false }) },
          injectTo: "head-prepend",
        },
      ],
    },
  };
}
