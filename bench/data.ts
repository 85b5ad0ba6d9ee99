/** Inputs of the benchmarks: the same for every implementation, a few images repeated. */
import { testData } from "../src/autodiff/gradcheck.ts";
import { type InputKind, numel, type Shape } from "../src/autodiff/op.ts";
import { batchInputs } from "./shape_list.ts";

/** An op and its shapes; a part of `ListedShape`. */
export interface Job {
  op: string;
  shapes: readonly Shape[];
  params: Readonly<Record<string, unknown>>;
}

/** Number of different images: two where the batch is even. */
export const distinct = (n: number): number => n % 2 ? 1 : 2;

/** Kinds of inputs whose values must be positive: variances and scales of batch norm. */
const kinds: Record<string, InputKind[]> = {
  batch_norm: ["real", "positive", "real", "positive"],
  batch_norm_plus: ["real", "real", "positive", "real", "positive"],
};

/** Contents of all inputs, with float32 precision. Inputs with one row per image have `images` rows. */
export function smallInputs({ op, shapes }: Job, images: number): Float64Array[] {
  return shapes.map((s, i) => {
    const rows = i < batchInputs(op, shapes.length) ? [images, ...s.slice(1)] : s;
    return testData(numel(rows), kinds[op]?.[i] ?? "real", 1 + i);
  });
}

/** The gradient of an output that has `images` rows. */
export const smallGradient = (shape: Shape, images: number): Float64Array =>
  testData(numel([images, ...shape.slice(1)]), "real", 51);

/** Repeats the rows of some images until the tensor is full; weights are unchanged. */
export function repeated(data: Float64Array, shape: Shape): Float32Array<ArrayBuffer> {
  const all = new Float32Array(numel(shape));
  for (let at = 0; at < all.length; at += data.length) all.set(data, at);
  return all;
}

/** Contents of all inputs of an op, in full size. */
export function inputsOf(job: Job): Float32Array<ArrayBuffer>[] {
  const data = smallInputs(job, distinct(job.shapes[0][0]));
  return job.shapes.map((shape, i) => repeated(data[i], shape));
}

export interface Digest {
  sum: number;
  magnitude: number;
}

/** A digest that does not depend on the layout: the sum of all elements, and of their magnitudes. */
export function digest(values: ArrayLike<number>): Digest {
  let sum = 0, magnitude = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    magnitude += Math.abs(values[i]);
  }
  return { sum, magnitude };
}

/** Whether two digests may come from the same numbers in another order and rounding. */
export const agree = (a: Digest, b: Digest): boolean =>
  Math.abs(a.magnitude - b.magnitude) <= 2e-3 * Math.max(a.magnitude, b.magnitude) &&
  Math.abs(a.sum - b.sum) <= 2e-3 * Math.max(a.magnitude, b.magnitude);
