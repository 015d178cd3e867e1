// A page may demand (by its Content-Security-Policy) that markup is only parsed through a named policy. Ours is for one
// purpose: inert documents that are read and never shown, in which no script can run.

interface Policy {
  createHTML(markup: string): string;
}

interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy;
}

/** To be named after `trusted-types` in the policy of a page that has one. */
const PASTE_POLICY = "mner-qg-paste";

let policy: Policy | null = null;

export function parseInert(markup: string): Document {
  const factory = (globalThis as { readonly trustedTypes?: PolicyFactory }).trustedTypes;
  policy ??= factory?.createPolicy(PASTE_POLICY, { createHTML: (text) => text }) ?? null;
  return new DOMParser().parseFromString(policy ? policy.createHTML(markup) : markup, "text/html");
}
