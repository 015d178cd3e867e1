// Addresses as the page means them.

/** As seen from the page; what is no address at all stays as it is, for whoever uses it to complain about. */
export function absolute(address: string, base: string): string {
  try {
    return new URL(address, base).href;
  } catch {
    return address;
  }
}
