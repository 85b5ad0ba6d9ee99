/** The wire format of Protocol Buffers, as far as ONNX files and the records of NAS-Bench-101 use it. */

const text = new TextEncoder();
/** Numbers of the wire types. */
const VARINT = 0, BITS64 = 1, BYTES = 2, BITS32 = 5;

/** Writes one message, its fields in the order of the calls, also those that have their default value. */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];

  int(field: number, value: number): this {
    return this.#put(field, VARINT, varint(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#put(field, BITS32, bytes);
  }

  double(field: number, value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.#put(field, BITS64, bytes);
  }

  text(field: number, value: string): this {
    return this.bytes(field, text.encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#put(field, BYTES, varint(value.length), value);
  }

  /** @param write fills the inner message. */
  message(field: number, write: (inner: MessageWriter) => unknown): this {
    const inner = new MessageWriter();
    write(inner);
    return this.bytes(field, inner.finish());
  }

  /** Writes integers as a packed repeated field; nothing if there are none. */
  packed(field: number, values: readonly number[]): this {
    return values.length === 0 ? this : this.bytes(field, joined(values.map(varint)));
  }

  finish(): Uint8Array<ArrayBuffer> {
    return joined(this.#parts);
  }

  #put(field: number, wire: number, ...value: Uint8Array[]): this {
    this.#parts.push(varint(field * 8 + wire), ...value);
    return this;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Encodes a varint: seven bits a byte, low ones first; negative numbers as 64 bits in two's complement. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  do {
    const rest = left >> 7n;
    bytes.push(Number(left & 127n) | (rest === 0n ? 0 : 128));
    left = rest;
  } while (left !== 0n);
  return Uint8Array.from(bytes);
}

/** A field as it was written: varints and floats are numbers, texts and inner messages are bytes. */
export type WireField =
  & { field: number }
  & (
    | { wire: "number"; value: number }
    | { wire: "bytes"; value: Uint8Array }
  );

/** Reads the fields of a message in order. Throws RangeError if it is cut off or not a message. */
export function* readMessage(bytes: Uint8Array): Generator<WireField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const skip = (size: number) => {
    if (size < 0 || size > bytes.length - at) {
      throw new RangeError(`the message ends after ${bytes.length} bytes, within a field`);
    }
    at += size;
    return at - size;
  };
  const readVarint = () => {
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = bytes[skip(1)];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, value));
    }
    throw new RangeError(`the number at byte ${at} has more than 64 bits`);
  };
  while (at < bytes.length) {
    const start = at;
    const key = readVarint();
    const [field, wire] = [key >>> 3, key & 7];
    if (field === 0) throw new RangeError(`there is no field 0, as at byte ${start}`);
    if (wire === VARINT) yield { field, wire: "number", value: readVarint() };
    else if (wire === BITS64) {
      yield { field, wire: "number", value: view.getFloat64(skip(8), true) };
    } else if (wire === BITS32) {
      yield { field, wire: "number", value: view.getFloat32(skip(4), true) };
    } else if (wire === BYTES) {
      const from = skip(readVarint());
      yield { field, wire: "bytes", value: bytes.subarray(from, at) };
    } else throw new RangeError(`wire type ${wire} at byte ${start} is not known`);
  }
}
