// Numbers that came in parts, put together: a body read chunk by chunk, the sections of a module, the parts of a row.

function fill<Whole extends Uint8Array | Float32Array>(whole: Whole, parts: readonly ArrayLike<number>[]): Whole {
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const lengthOf = (parts: readonly ArrayLike<number>[]): number => parts.reduce((sum, { length }) => sum + length, 0);

export function joinBytes(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  return fill(new Uint8Array(lengthOf(parts)), parts);
}

export function joinNumbers(...parts: readonly ArrayLike<number>[]): Float32Array<ArrayBuffer> {
  return fill(new Float32Array(lengthOf(parts)), parts);
}
