// Values as pages give them: attributes are text, and frameworks set properties where HTML sets attributes.

/** A list, also as the text of one: separated by commas or white space. */
export const toList = (value: readonly string[] | string | null): readonly string[] | null => {
  if (typeof value !== "string") return value;
  const parts = value.split(value.includes(",") ? "," : /\s+/).map((part) => part.trim());
  return parts.filter(Boolean);
};

export const toNumber = (value: number | string | null): number | null =>
  value === null || value === "" ? null : Number(value);

/** Whether two lists hold the very same things; nothing is the same as no list. */
export const same = (a: readonly unknown[] | null, b: readonly unknown[]): boolean =>
  a !== null && a.length === b.length && a.every((value, index) => Object.is(value, b[index]));

/** An address as seen from the page; what is no address at all stays as it is, for whoever uses it to complain about. */
export function absolute(address: string, base: string): string {
  try {
    return new URL(address, base).href;
  } catch {
    return address;
  }
}
