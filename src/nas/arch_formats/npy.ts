/** NumPy's `.npy` as written by the NNabla reproduction of ENAS: integers in the shape of each space. */
import { dump, parse } from "npyjs";
import * as z from "zod";
import { DataError } from "../../common/errors.ts";
import { spaces } from "../registry.ts";
import { cannotKeep, scripted } from "./scripted.ts";

const count = z.number().int().positive();

const array = z.object({
  dtype: z.enum(["i4", "i8"]),
  fortranOrder: z.literal(false),
  shape: z.array(count).refine((shape) => spaceOfShape(shape) !== undefined),
});

const expected = (field: "dtype" | "fortranOrder" | "shape") => {
  if (field === "dtype") return "int32 or int64";
  if (field === "fortranOrder") return "rows one after the other (C order)";
  return kept().map(({ name, nnabla }) => `${nnabla.shapes} for ${name}`).join(", ");
};

/** Spaces with a NumPy form. */
const kept = () =>
  scripted().flatMap(({ name, script: { nnabla } }) => nnabla ? [{ name, nnabla }] : []);

const spaceOfShape = (shape: readonly number[]) =>
  kept().find(({ nnabla }) => nnabla.suits(shape))?.name;

export interface NpyChoice {
  choice: number[];
  /** Name of the space, from the shape. */
  space: string;
}

/**
 * Parses a file.
 * @param name of the file, for messages.
 * @throws DataError naming the type or shape, or that the file is cut.
 */
export function parseNpy(bytes: Uint8Array, name: string): NpyChoice {
  const cannot = (why: string, cause?: unknown) =>
    new DataError(`Cannot read architecture ${name}: ${why}`, { cause });
  let read: ReturnType<typeof parse>;
  try {
    read = parse(bytes.slice().buffer);
  } catch (cause) {
    const why = unreadable(cause as Error);
    throw cannot(`${why}, expected a NumPy array of ${expected("dtype")}`, cause);
  }
  const header = array.safeParse(read);
  if (!header.success) {
    const field = header.error.issues[0].path[0] as "dtype" | "fortranOrder" | "shape";
    const got = field === "shape" ? `(${read.shape.join(", ")})` : String(read[field]);
    throw cannot(`its ${field} is ${got}, expected ${expected(field)}`, header.error);
  }
  const { shape } = header.data;
  const values = read.data as unknown as Int32Array | BigInt64Array;
  const wanted = shape.reduce<number>((a, b) => a * b, 1);
  if (values.length !== wanted) {
    throw cannot(`${values.length} numbers follow the header, expected ${wanted}; the file is cut`);
  }
  const choice = Array.from<number | bigint, number>(values, Number);
  const negative = choice.findIndex((n) => n < 0);
  if (negative >= 0) {
    throw cannot(`element ${negative} is ${choice[negative]}, expected no negative numbers`);
  }
  return { choice, space: spaceOfShape(shape)! };
}

/** Encodes choices as int64, in NNabla's shape. @throws UsageError for a space that its rows cannot hold. */
export function formatNpy(space: string, choice: readonly number[]): Uint8Array {
  const script = spaces.find(space)?.script;
  if (script && !script.nnabla) throw cannotKeep(space);
  const shape = script?.nnabla?.shapeOf(choice) ?? [choice.length];
  return new Uint8Array(dump(BigInt64Array.from(choice, BigInt), shape));
}

/** Encodes accuracies as NumPy's float64, one per epoch. */
export function formatNumbers(values: readonly number[]): Uint8Array {
  return new Uint8Array(dump(Float64Array.from(values), [values.length]));
}

function unreadable({ name, message }: Error): string {
  const type = /^Unsupported dtype: (.*)$/.exec(message);
  if (type) return `its dtype is ${type[1]}`;
  return name === "RangeError" ? "the file is cut" : message.toLowerCase();
}
