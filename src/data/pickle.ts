/**
 * Reads Python pickles of dictionaries, lists, numbers, text, bytes and NumPy arrays: the layout of the published
 * batches of CIFAR and of downsampled ImageNet. Nothing of the file is executed: every class or function that it
 * names must be one of the few that rebuild arrays.
 */
import { DataError } from "../common/errors.ts";
import {
  arrayOf,
  bytesOf,
  isNamed,
  isPickledArray,
  latin1,
  longOf,
  type Pickled,
  Refused,
  textOf,
} from "./pickle_values.ts";

export { isPickledArray, type Pickled, type PickledArray } from "./pickle_values.ts";

const reconstruct = ["numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"];
const fromBuffer = ["numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer"];
const known = new Set([
  ...reconstruct,
  ...fromBuffer,
  "numpy.ndarray",
  "numpy.dtype",
  "_codecs.encode",
]);

/** Parses a pickle of protocol 0 … 5. @throws DataError for anything else than plain data and arrays. */
export function parsePickle(bytes: Uint8Array, path: string): Pickled {
  try {
    return new Unpickler(bytes).run();
  } catch (cause) {
    const why = cause instanceof Refused ? cause.message : "it ends too early or is damaged";
    throw new DataError(
      `Cannot read ${path}: ${why}, expected a pickle of plain data and NumPy arrays; fetch it again`,
      { cause },
    );
  }
}

const mark = Symbol("mark");

class Unpickler {
  readonly #view: DataView;
  #at = 0;
  readonly #stack: (Pickled | typeof mark)[] = [];
  readonly #memo = new Map<number, Pickled>();

  constructor(private readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): Pickled {
    while (true) {
      const code = this.#view.getUint8(this.#at++);
      if (code === 0x2e) return this.#pop();
      const step = opcodes[code];
      if (!step) throw new Refused(`opcode 0x${code.toString(16)} at byte ${this.#at - 1}`);
      step(this);
    }
  }

  number(width: 1 | 2 | 4 | 8, signed = false): number {
    const at = this.#at;
    this.#at += width;
    if (width === 1) return this.#view.getUint8(at);
    if (width === 2) return this.#view.getUint16(at, true);
    if (width === 4) return signed ? this.#view.getInt32(at, true) : this.#view.getUint32(at, true);
    return Number(this.#view.getBigUint64(at, true));
  }

  double(): number {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8);
  }

  take(length: number): Uint8Array {
    if (this.#at + length > this.bytes.length) throw new Refused("it ends too early");
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.#at);
    const text = latin1(this.take(end - this.#at));
    this.#at++;
    return text;
  }

  push(value: Pickled): void {
    this.#stack.push(value);
  }

  mark(): void {
    this.#stack.push(mark);
  }

  #pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw new Refused("its stack is empty");
    return value;
  }

  /** Values above the last mark, which is removed with them. */
  marked(): Pickled[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw new Refused("it has no mark");
    const values = this.#stack.splice(at + 1) as Pickled[];
    this.#stack.pop();
    return values;
  }

  tuple(n: number): void {
    this.push(Array.from({ length: n }, () => this.#pop()).reverse());
  }

  put(key: number): void {
    this.#memo.set(key, this.#top());
  }

  memoise(): void {
    this.put(this.#memo.size);
  }

  get(key: number): void {
    const value = this.#memo.get(key);
    if (value === undefined) throw new Refused(`nothing is kept under ${key}`);
    this.push(value);
  }

  #top(): Pickled {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw new Refused("its stack is empty");
    return value;
  }

  append(values: Pickled[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw new Refused("it appends to what is no list");
    for (const value of values) list.push(value);
  }

  appendOne(): void {
    const value = this.#pop();
    this.append([value]);
  }

  set(pairs: Pickled[]): void {
    const map = this.#top();
    if (!(map instanceof Map)) throw new Refused("it sets an item of what is no dictionary");
    for (let i = 0; i + 1 < pairs.length; i += 2) map.set(textOf(pairs[i]), pairs[i + 1]);
  }

  setOne(): void {
    const value = this.#pop();
    this.set([this.#pop(), value]);
  }

  stackGlobal(): void {
    const name = textOf(this.#pop());
    this.global(textOf(this.#pop()), name);
  }

  global(module: string, name: string): void {
    const named = `${module}.${name}`;
    if (!known.has(named)) throw new Refused(`it names ${named}`);
    this.push({ named });
  }

  /** Calls one of the known functions. */
  reduce(): void {
    const args = this.#pop();
    const called = this.#pop();
    if (!isNamed(called) || !Array.isArray(args)) throw new Refused("it calls what is no function");
    const { named } = called;
    if (named === "_codecs.encode") return this.push(bytesOf(args[0]));
    if (named === "numpy.dtype") {
      return this.push({ dtype: textOf(args[0]), shape: [], bytes: new Uint8Array() });
    }
    if (reconstruct.includes(named)) {
      return this.push({ dtype: "", shape: [], bytes: new Uint8Array() });
    }
    if (!fromBuffer.includes(named)) throw new Refused(`it calls ${named}`);
    const [data, dtype, shape, order] = args;
    this.push(arrayOf({ dtype, shape, fortran: order === "F", data }));
  }

  /** Sets the state of what `reduce` made; that of a dtype (its byte order) is checked only. */
  build(): void {
    const state = this.#pop();
    const made = this.#top();
    if (!isPickledArray(made) || !Array.isArray(state)) {
      throw new Refused("it sets the state of plain data");
    }
    if (made.dtype !== "") {
      if (textOf(state[1]) === ">") throw new Refused("its numbers are big-endian");
      return;
    }
    const [, shape, dtype, fortran, data] = state;
    Object.assign(made, arrayOf({ dtype, shape, fortran: fortran === true, data }));
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

const opcodes: Record<number, (u: Unpickler) => void> = {
  0x80: (u) => void u.number(1), // PROTO
  0x95: (u) => void u.number(8), // FRAME
  0x28: (u) => u.mark(), // MARK
  0x4e: (u) => u.push(null), // NONE
  0x88: (u) => u.push(true), // NEWTRUE
  0x89: (u) => u.push(false), // NEWFALSE
  0x4b: (u) => u.push(u.number(1)), // BININT1
  0x4d: (u) => u.push(u.number(2)), // BININT2
  0x4a: (u) => u.push(u.number(4, true)), // BININT
  0x8a: (u) => u.push(longOf(u.take(u.number(1)))), // LONG1
  0x47: (u) => u.push(u.double()), // BINFLOAT
  0x58: (u) => u.push(utf8.decode(u.take(u.number(4)))), // BINUNICODE
  0x8c: (u) => u.push(utf8.decode(u.take(u.number(1)))), // SHORT_BINUNICODE
  0x8d: (u) => u.push(utf8.decode(u.take(u.number(8)))), // BINUNICODE8
  0x54: (u) => u.push(u.take(u.number(4))), // BINSTRING
  0x55: (u) => u.push(u.take(u.number(1))), // SHORT_BINSTRING
  0x42: (u) => u.push(u.take(u.number(4))), // BINBYTES
  0x43: (u) => u.push(u.take(u.number(1))), // SHORT_BINBYTES
  0x8e: (u) => u.push(u.take(u.number(8))), // BINBYTES8
  0x96: (u) => u.push(u.take(u.number(8))), // BYTEARRAY8
  0x7d: (u) => u.push(new Map()), // EMPTY_DICT
  0x5d: (u) => u.push([]), // EMPTY_LIST
  0x29: (u) => u.push([]), // EMPTY_TUPLE
  0x85: (u) => u.tuple(1), // TUPLE1
  0x86: (u) => u.tuple(2), // TUPLE2
  0x87: (u) => u.tuple(3), // TUPLE3
  0x74: (u) => u.push(u.marked()), // TUPLE
  0x61: (u) => u.appendOne(), // APPEND
  0x65: (u) => u.append(u.marked()), // APPENDS
  0x73: (u) => u.setOne(), // SETITEM
  0x75: (u) => u.set(u.marked()), // SETITEMS
  0x71: (u) => u.put(u.number(1)), // BINPUT
  0x72: (u) => u.put(u.number(4)), // LONG_BINPUT
  0x94: (u) => u.memoise(), // MEMOIZE
  0x68: (u) => u.get(u.number(1)), // BINGET
  0x6a: (u) => u.get(u.number(4)), // LONG_BINGET
  0x63: (u) => u.global(u.line(), u.line()), // GLOBAL
  0x93: (u) => u.stackGlobal(), // STACK_GLOBAL
  0x52: (u) => u.reduce(), // REDUCE
  0x62: (u) => u.build(), // BUILD
};
