// The response headers the project recommends, in one place: the local server sends them, the build writes the policy into
// the page for hosts that can send none, and tests hold the page to them.

/** Names of the Trusted Types policies that the page's scripts create. */
export const trustedTypePolicies = ["lit-html", "mner-qg-worker", "mner-qg-paste", "mner-qg-pwa"];

/**
 * Nothing but this origin, no inline script or style, no eval. WebAssembly needs its own word, and only the wasm backend
 * needs WebAssembly.
 */
export function contentSecurityPolicy({ wasm = true, frames = true } = {}) {
  return [
    "default-src 'self'",
    wasm ? "script-src 'self' 'wasm-unsafe-eval'" : "script-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    // Not understood in a <meta> element.
    ...(frames ? ["frame-ancestors 'self'"] : []),
    "require-trusted-types-for 'script'",
    // The same policy is made again by each copy of a script, and by a worker that is started again.
    `trusted-types ${trustedTypePolicies.join(" ")} 'allow-duplicates'`,
  ].join("; ");
}

/**
 * Cross-origin isolation lets WebAssembly use threads: by two headers, or by one that asks nothing of the page's windows and frames
 * (Chromium 137). The rest is good manners.
 */
export function recommendedHeaders(options) {
  return {
    "Content-Security-Policy": contentSecurityPolicy(options),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Document-Isolation-Policy": "isolate-and-require-corp",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  };
}
