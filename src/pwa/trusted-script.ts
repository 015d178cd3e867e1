// A page may demand (by its Content-Security-Policy) that addresses of scripts come from a named policy. Ours lets through
// one address: the service worker's.

interface Policy {
  createScriptURL(address: string): string;
}

interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy;
}

/** To be named after `trusted-types` in the policy of a page that has one. */
const PWA_POLICY = "mner-qg-pwa";

export function trustedScript(allowed: string): string {
  const factory = (globalThis as { readonly trustedTypes?: PolicyFactory }).trustedTypes;
  if (!factory) return allowed;
  const policy = factory.createPolicy(PWA_POLICY, {
    createScriptURL: (address) => {
      if (address === allowed) return address;
      throw new TypeError(`${address} is not the service worker.`);
    },
  });
  return policy.createScriptURL(allowed);
}
