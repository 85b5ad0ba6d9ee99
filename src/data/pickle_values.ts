/** Values of Python pickles. */

/** A NumPy array as the file holds it. */
export interface PickledArray {
  /** `u1`, `i8`, `f8`, … without the byte order. */
  dtype: string;
  shape: number[];
  bytes: Uint8Array;
}

/** Value in a pickle. Dictionaries are maps with text keys. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickledArray
  | Pickled[]
  | Map<string, Pickled>
  | Named;

/** A class or function by name. */
export interface Named {
  named: string;
}

/** The pickle holds something that is not read. */
export class Refused extends Error {}

/** Whether a value is an array of NumPy. */
export const isPickledArray = (value: unknown): value is PickledArray =>
  typeof value === "object" && value !== null && "dtype" in value;

/** Whether a value is a class or function. */
export const isNamed = (value: unknown): value is Named =>
  typeof value === "object" && value !== null && "named" in value;

/** An array of its parts. @throws Refused where they do not fit. */
export function arrayOf(
  { dtype, shape, fortran, data }: {
    dtype: Pickled;
    shape: Pickled;
    fortran: boolean;
    data: Pickled;
  },
): PickledArray {
  if (!isPickledArray(dtype) || !Array.isArray(shape)) {
    throw new Refused("an array has no type or shape");
  }
  const sizes = shape.map(Number);
  if (fortran && sizes.length > 1) throw new Refused("an array lies column by column");
  const bytes = bytesOf(data);
  const width = Number(/\d+$/.exec(dtype.dtype)?.[0] ?? NaN);
  if (bytes.length !== width * sizes.reduce((a, b) => a * b, 1)) {
    throw new Refused(`an array of (${sizes.join(", ")}) ${dtype.dtype} has ${bytes.length} bytes`);
  }
  return { dtype: dtype.dtype, shape: sizes, bytes };
}

/** Text with a character for each byte. */
export const latin1 = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

/** Text; strings of Python 2 are bytes in the file. */
export function textOf(value: Pickled): string {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return latin1(value);
  if (typeof value === "number") return String(value);
  throw new Refused("a name is no text");
}

/** Bytes; older protocols write them as text with one character for each byte. */
export function bytesOf(value: Pickled): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return Uint8Array.from(value, (char) => char.charCodeAt(0));
  throw new Refused("an array has no bytes");
}

/** Integer of up to six bytes, little-endian, in two's complement. */
export function longOf(bytes: Uint8Array): number {
  if (bytes.length > 6) throw new Refused("an integer is too large");
  const value = bytes.reduce((sum, byte, i) => sum + byte * 256 ** i, 0);
  return bytes.length > 0 && bytes.at(-1)! >= 128 ? value - 256 ** bytes.length : value;
}
