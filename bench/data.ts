/** Numbers to measure with: the same for every implementation, a few images again and again. */
import { testData } from "../src/autodiff/gradcheck.ts";
import { type InputKind, numel, type Shape } from "../src/autodiff/op.ts";
import { batchInputs } from "./shape_list.ts";

/** What is measured; a part of `ListedShape`. */
export interface Job {
  op: string;
  shapes: readonly Shape[];
  params: Readonly<Record<string, unknown>>;
}

/** Images that differ, where the batch divides by two. */
export const distinct = (n: number): number => n % 2 ? 1 : 2;

/** Variances and scales of batch norm are positive. */
const kinds: Record<string, InputKind[]> = {
  batch_norm: ["real", "positive", "real", "positive"],
  batch_norm_plus: ["real", "real", "positive", "real", "positive"],
};

/** Contents of all inputs, in float32's numbers; those with rows per image for so many images only. */
export function smallInputs({ op, shapes }: Job, images: number): Float64Array[] {
  return shapes.map((s, i) => {
    const rows = i < batchInputs(op, shapes.length) ? [images, ...s.slice(1)] : s;
    return testData(numel(rows), kinds[op]?.[i] ?? "real", 1 + i);
  });
}

/** The gradient of an output that some images have. */
export const smallGradient = (shape: Shape, images: number): Float64Array =>
  testData(numel([images, ...shape.slice(1)]), "real", 51);

/** The rows of some images, repeated until the tensor is full; weights as they are. */
export function repeated(data: Float64Array, shape: Shape): Float32Array<ArrayBuffer> {
  const all = new Float32Array(numel(shape));
  for (let at = 0; at < all.length; at += data.length) all.set(data, at);
  return all;
}

export interface Digest {
  sum: number;
  magnitude: number;
}

/** What implementations with different layouts must agree on: the sum of all elements, weighed by their size. */
export function digest(values: ArrayLike<number>): Digest {
  let sum = 0, magnitude = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    magnitude += Math.abs(values[i]);
  }
  return { sum, magnitude };
}

/** Whether two digests can be of the same numbers, in another order and rounded otherwise. */
export const agree = (a: Digest, b: Digest): boolean =>
  Math.abs(a.magnitude - b.magnitude) <= 2e-3 * Math.max(a.magnitude, b.magnitude) &&
  Math.abs(a.sum - b.sum) <= 2e-3 * Math.max(a.magnitude, b.magnitude);
