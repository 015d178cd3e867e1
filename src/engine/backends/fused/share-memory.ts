// Makes a wasm binary that has memory of its own take shared memory from outside, so that threads can work on it too: its
// memory section becomes an import. Its code stays as it is; without threads of its own it needs no atomic instruction.
import { joinBytes } from "../../../core/bytes.js";

const [IMPORTS, MEMORY] = [2, 5];
const HEADER_BYTES = 8;
/** "env", "memory", a memory, with a maximum and shared. */
const IMPORT_HEAD = [3, ..."env", 6, ..."memory", 2, 3].map((part) =>
  typeof part === "number" ? part : part.charCodeAt(0),
);
const PAGE_BYTES = 65_536;

export interface Shared {
  readonly module: WebAssembly.Module;
  /** To be imported as `env.memory`. */
  readonly memory: WebAssembly.Memory;
}

export async function compileShared(binary: Uint8Array): Promise<Shared> {
  const { sections, initial, maximum } = takeApart(binary);
  const memory = new WebAssembly.Memory({ initial, maximum, shared: true });
  const added = [...IMPORT_HEAD, ...number(initial), ...number(maximum)];
  const parts: (Uint8Array | readonly number[])[] = [binary.subarray(0, HEADER_BYTES)];
  for (const { id, body } of sections) {
    if (id !== IMPORTS) parts.push([id, ...number(body.length)], body);
    else {
      const count = readNumber(body, 0);
      const head = number(count.value + 1);
      const rest = body.subarray(count.end);
      parts.push([id, ...number(head.length + added.length + rest.length), ...head, ...added], rest);
    }
  }
  return { module: await WebAssembly.compile(joinBytes(parts)), memory };
}

interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

function takeApart(binary: Uint8Array): { sections: Section[]; initial: number; maximum: number } {
  const sections: Section[] = [];
  let [initial, maximum] = [0, 0];
  for (let at = HEADER_BYTES; at < binary.length; ) {
    const id = binary[at]!;
    const length = readNumber(binary, at + 1);
    const body = binary.subarray(length.end, length.end + length.value);
    at = length.end + length.value;
    if (id !== MEMORY) sections.push({ id, body });
    else {
      // One memory: how many, its flags, its least and most pages.
      const least = readNumber(body, 2);
      initial = least.value;
      maximum = body[1] === 1 ? readNumber(body, least.end).value : 2 ** 32 / PAGE_BYTES;
    }
  }
  if (initial === 0 || !sections.some(({ id }) => id === IMPORTS)) {
    throw new Error("The WebAssembly file has no memory of its own, or imports nothing.");
  }
  return { sections, initial, maximum };
}

/** Unsigned LEB128. */
function readNumber(bytes: Uint8Array, at: number): { value: number; end: number } {
  let [value, shift, end] = [0, 0, at];
  for (;;) {
    const byte = bytes[end++]!;
    value += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte < 128) return { value, end };
  }
}

function number(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}
