// A pickle machine that runs nothing. It knows the few operations that names, numbers and containers need, and the handful
// of callables that torch.save uses, each of which it performs itself; whatever else a pickle asks for is refused by name.
// Nothing here recurses, and every object costs at least one operation, of which there is a limited number.
import { MnerError } from "../../core/mner-error.js";
import { type ByteSource, truncated } from "./byte-source.js";
import { shown } from "./checkpoint.js";
import { CHECKPOINT_LIMITS } from "./limits.js";
import { asSizes, asTuple, isKind, type PickleStorage, type PickleTensor, type PickleValue } from "./pickle-values.js";

const STORAGE_NAME = /^torch\.(?:Double|Float|Half|BFloat16|Long|Int|Short|Char|Byte|Bool)Storage$/;
const ORDERED_DICT = "collections.OrderedDict";
const REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2";
const REBUILD_PARAMETER = "torch._utils._rebuild_parameter";
const ALLOWED: ReadonlySet<string> = new Set([ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER]);

const MARK = Symbol("mark");
type StackValue = PickleValue | typeof MARK;

function unsafe(source: ByteSource, found: string): MnerError {
  return new MnerError(
    "checkpoint-unsafe",
    `${source.name} asks for ${found}, which a state dict does not need. Nothing of it was run. ` +
      "If you trust the file, load it in Python and save only its weights: torch.save(model.state_dict(), path), or safetensors.",
  );
}

/** Reads one pickle and returns the value it describes. */
export function readPickle(source: ByteSource, bytes: Uint8Array): PickleValue {
  return new PickleMachine(source, bytes).run();
}

class PickleMachine {
  private readonly source: ByteSource;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly stack: StackValue[] = [];
  private readonly memo = new Map<number, PickleValue>();
  private at = 0;

  constructor(source: ByteSource, bytes: Uint8Array) {
    this.source = source;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  run(): PickleValue {
    for (let operations = 0; operations < CHECKPOINT_LIMITS.pickleOperations; operations++) {
      const code = this.bytes[this.take(1)]!;
      if (code === 0x2e) return this.pop(); // STOP
      this.perform(code);
    }
    throw unsafe(this.source, `more than ${CHECKPOINT_LIMITS.pickleOperations} steps to describe its contents`);
  }

  private damaged(problem: string): MnerError {
    return truncated(this.source, `${problem} at byte ${this.at} of its description`);
  }

  /** Moves past `length` bytes and returns where they begin. */
  private take(length: number): number {
    if (length > this.bytes.length - this.at) throw this.damaged("it ends too early");
    const start = this.at;
    this.at += length;
    return start;
  }

  private text(length: number): string {
    const start = this.take(length);
    return new TextDecoder().decode(this.bytes.subarray(start, start + length));
  }

  /** A line, as the oldest operations write their names. */
  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.damaged("a name has no end");
    const line = this.text(end - this.at);
    this.at = end + 1;
    return line;
  }

  private longLength(): number {
    const length = this.view.getBigUint64(this.take(8), true);
    if (length > BigInt(this.bytes.length)) throw this.damaged(`a length of ${length} is claimed`);
    return Number(length);
  }

  private pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined || value === MARK) throw this.damaged("a value is missing");
    return value;
  }

  private popToMark(): PickleValue[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw this.damaged("the start of a group is missing");
    const values = this.stack.splice(mark + 1) as PickleValue[];
    this.stack.pop();
    return values;
  }

  private top(): PickleValue {
    const value = this.stack.at(-1);
    if (value === undefined || value === MARK) throw this.damaged("a value is missing");
    return value;
  }

  private recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.damaged(`a value that was never kept is recalled`);
    this.stack.push(value);
  }

  private push(value: PickleValue): void {
    this.stack.push(value);
  }

  private list(items: PickleValue[]): void {
    this.stack.push({ kind: "list", items });
  }

  private last(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  private perform(code: number): void {
    switch (code) {
      case 0x80: // PROTO
        this.take(1);
        return;
      case 0x95: // FRAME
        this.take(8);
        return;
      case 0x28: // MARK
        this.stack.push(MARK);
        return;
      case 0x30: // POP
        this.stack.pop();
        return;
      case 0x31: // POP_MARK
        this.popToMark();
        return;
      case 0x32: // DUP
        this.push(this.top());
        return;
      case 0x4e: // NONE
        this.push(null);
        return;
      case 0x88: // NEWTRUE
        this.push(true);
        return;
      case 0x89: // NEWFALSE
        this.push(false);
        return;
      default:
        if (!this.performNumber(code) && !this.performText(code) && !this.performContainer(code))
          this.performCall(code);
    }
  }

  private performNumber(code: number): boolean {
    switch (code) {
      case 0x4a: // BININT
        this.push(this.view.getInt32(this.take(4), true));
        return true;
      case 0x4b: // BININT1
        this.push(this.bytes[this.take(1)]!);
        return true;
      case 0x4d: // BININT2
        this.push(this.view.getUint16(this.take(2), true));
        return true;
      case 0x8a: // LONG1
        this.push(this.long(this.bytes[this.take(1)]!));
        return true;
      case 0x8b: // LONG4
        this.push(this.long(this.view.getUint32(this.take(4), true)));
        return true;
      case 0x47: // BINFLOAT, the one big-endian number
        this.push(this.view.getFloat64(this.take(8), false));
        return true;
      default:
        return false;
    }
  }

  /** A little-endian two's complement integer of any length. */
  private long(length: number): number | bigint {
    if (length > CHECKPOINT_LIMITS.integerBytes) throw unsafe(this.source, `an integer of ${length} bytes`);
    const start = this.take(length);
    let value = 0n;
    for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(this.bytes[start + index]!);
    const signed = BigInt.asIntN(length * 8, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  private performText(code: number): boolean {
    switch (code) {
      case 0x58: // BINUNICODE
        this.push(this.text(this.view.getUint32(this.take(4), true)));
        return true;
      case 0x8c: // SHORT_BINUNICODE
        this.push(this.text(this.bytes[this.take(1)]!));
        return true;
      case 0x8d: // BINUNICODE8
        this.push(this.text(this.longLength()));
        return true;
      case 0x55: // SHORT_BINSTRING
        this.push(this.text(this.bytes[this.take(1)]!));
        return true;
      case 0x54: // BINSTRING
        this.push(this.text(this.view.getUint32(this.take(4), true)));
        return true;
      case 0x43: // SHORT_BINBYTES
        this.pushBytes(this.bytes[this.take(1)]!);
        return true;
      case 0x42: // BINBYTES
        this.pushBytes(this.view.getUint32(this.take(4), true));
        return true;
      default:
        return false;
    }
  }

  private pushBytes(length: number): void {
    const start = this.take(length);
    this.push(this.bytes.subarray(start, start + length));
  }

  private performContainer(code: number): boolean {
    switch (code) {
      case 0x7d: // EMPTY_DICT
        this.push({ kind: "dict", entries: new Map() });
        return true;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        this.list([]);
        return true;
      case 0x74: // TUPLE
        this.list(this.popToMark());
        return true;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.list(this.last(code - 0x84));
        return true;
      case 0x61: // APPEND
        this.append([this.pop()]);
        return true;
      case 0x65: // APPENDS
        this.append(this.popToMark());
        return true;
      case 0x73: // SETITEM
        this.setItems(this.last(2));
        return true;
      case 0x75: // SETITEMS
        this.setItems(this.popToMark());
        return true;
      case 0x71: // BINPUT
        this.memo.set(this.bytes[this.take(1)]!, this.top());
        return true;
      case 0x72: // LONG_BINPUT
        this.memo.set(this.view.getUint32(this.take(4), true), this.top());
        return true;
      case 0x94: // MEMOIZE
        this.memo.set(this.memo.size, this.top());
        return true;
      case 0x68: // BINGET
        this.recall(this.bytes[this.take(1)]!);
        return true;
      case 0x6a: // LONG_BINGET
        this.recall(this.view.getUint32(this.take(4), true));
        return true;
      default:
        return false;
    }
  }

  private append(items: readonly PickleValue[]): void {
    const list = asTuple(this.top());
    if (list === null) throw this.damaged("something is appended to what is no list");
    for (const item of items) (list as PickleValue[]).push(item);
  }

  private setItems(items: readonly PickleValue[]): void {
    const dict = this.top();
    if (!isKind(dict, "dict") || items.length % 2 !== 0) throw this.damaged("entries are set on what is no dictionary");
    for (let index = 0; index < items.length; index += 2) dict.entries.set(items[index]!, items[index + 1]!);
  }

  private performCall(code: number): void {
    switch (code) {
      case 0x63: // GLOBAL
        this.global(this.line(), this.line());
        return;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.last(2);
        if (typeof module !== "string" || typeof name !== "string") throw this.damaged("a name is not text");
        this.global(module, name);
        return;
      }
      case 0x52: {
        // REDUCE
        const [callable, parameters] = this.last(2);
        this.push(this.reduce(callable, asTuple(parameters)));
        return;
      }
      case 0x62: {
        // BUILD: torch keeps a module's version numbers beside the entries; nothing else may have a state.
        const state = this.pop();
        if (!isKind(this.top(), "dict") || !isKind(state, "dict"))
          throw unsafe(this.source, "setting an object's state");
        return;
      }
      case 0x51: // BINPERSID
        this.push(this.persistent(this.pop()));
        return;
      case 0x81: // NEWOBJ
      case 0x92: // NEWOBJ_EX
      case 0x69: // INST
      case 0x6f: // OBJ
        throw unsafe(this.source, "making an object of a class");
      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        throw unsafe(this.source, "a callable from the extension registry");
      default:
        throw unsafe(this.source, `the pickle operation 0x${code.toString(16).padStart(2, "0")}`);
    }
  }

  private global(module: string, name: string): void {
    const full = `${module}.${name}`;
    if (!ALLOWED.has(full) && !STORAGE_NAME.test(full)) throw unsafe(this.source, shown(full));
    this.push({ kind: "global", name: full });
  }

  private reduce(callable: PickleValue | undefined, parameters: readonly PickleValue[] | null): PickleValue {
    if (!isKind(callable, "global") || parameters === null)
      throw unsafe(this.source, "a call of what is no known name");
    switch (callable.name) {
      case ORDERED_DICT:
        if (parameters.length > 0) throw unsafe(this.source, `${callable.name} with arguments`);
        return { kind: "dict", entries: new Map() };
      case REBUILD_TENSOR:
        return this.tensor(parameters);
      case REBUILD_PARAMETER:
        if (!isKind(parameters[0], "tensor")) throw this.damaged("a parameter has no tensor");
        return parameters[0];
      default:
        throw unsafe(this.source, `a call of ${shown(callable.name)}`);
    }
  }

  private tensor(parameters: readonly PickleValue[]): PickleTensor {
    const [storage, offset] = parameters;
    const shape = asSizes(parameters[2]);
    const strides = asSizes(parameters[3]);
    const sound = typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0;
    if (
      !isKind(storage, "storage") ||
      !sound ||
      shape === null ||
      strides === null ||
      shape.length !== strides.length
    ) {
      throw this.damaged("a tensor has no readable storage, offset, shape or strides");
    }
    return { kind: "tensor", storage, offset, shape, strides };
  }

  /** ("storage", type, key, location, elements): how torch.save points at the numbers. */
  private persistent(value: PickleValue): PickleStorage {
    const parts = asTuple(value);
    const [tag, type, key, , elements] = parts ?? [];
    const sound = typeof elements === "number" && Number.isSafeInteger(elements) && elements >= 0;
    if (tag !== "storage" || !isKind(type, "global") || typeof key !== "string" || !sound) {
      throw this.damaged("a reference to numbers is not one that torch.save writes");
    }
    if (!STORAGE_NAME.test(type.name)) throw unsafe(this.source, `numbers of the kind ${shown(type.name)}`);
    return { kind: "storage", storageType: type.name, key, elements };
  }
}
