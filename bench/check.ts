/**
 * Checks the results that are timed: values against the op's float64 reference, gradients along a random
 * direction against central differences. The batch repeats two images, so that the reference computes no
 * more.
 */
import { relativeError } from "../src/autodiff/gradcheck.ts";
import { numel, type Op } from "../src/autodiff/op.ts";
import { hash } from "../src/common/random.ts";
import { distinct, type Job, smallGradient, smallInputs } from "./data.ts";
import { batchInputs, withBatch } from "./shape_list.ts";

/** Largest allowed relative error of values, and of a gradient along its direction. */
const VALUES = 1e-4, GRADIENTS = 1e-3;
const STEP = 1e-6;

export interface Computed {
  out: Float32Array;
  /** Gradient of each input; null where it is not used. */
  gradients: (Float32Array | null)[];
}

/** Checks one op. @throws naming the op and the error. */
export function check(op: Op<unknown>, job: Job, { out, gradients }: Computed): void {
  const n = job.shapes[0][0], images = distinct(n);
  const shapes = withBatch(job.op, job.shapes, images);
  const data = smallInputs(job, images);
  const what = `${job.op} ${JSON.stringify(job.shapes)}`;
  const [want] = op.reference(data.map((d) => d.slice()), shapes, job.params);
  const worst = repeats(out, want.length, (rows) => relativeError(rows, want));
  if (!(worst <= VALUES)) throw wrong(what, "values", worst);
  const dy = smallGradient(op.shapes(job.shapes, job.params).out[0], images);
  const loss = (inputs: Float64Array[]) => {
    const [y] = op.reference(inputs, shapes, job.params);
    return y.reduce((sum, v, i) => sum + v * dy[i], 0);
  };
  gradients.forEach((g, k) => {
    if (!g) return;
    const perImage = k < batchInputs(job.op, job.shapes.length);
    const length = numel(shapes[k]);
    const direction = Float64Array.from({ length }, (_, i) => hash(3, 93, k, i) & 1 ? 1 : -1);
    const moved = (by: number) =>
      data.map((d, i) => i === k ? d.map((v, j) => v + by * direction[j]) : d.slice());
    const wanted = (loss(moved(STEP)) - loss(moved(-STEP))) / (2 * STEP);
    // A weight's gradient sums over all images.
    const scale = perImage ? 1 : images / n;
    const error = repeats(g, length, (rows) => {
      let along = 0, squares = 0;
      rows.forEach((v, i) => {
        along += scale * v * direction[i];
        squares += (scale * v) ** 2;
      });
      return Math.abs(along - wanted) / Math.max(Math.abs(wanted), Math.sqrt(squares), 1e-9);
    });
    if (!(error <= GRADIENTS)) throw wrong(what, `gradient of input ${k}`, error);
  });
}

/** The largest error over all repetitions, each of `length` elements. */
function repeats(all: Float32Array, length: number, error: (rows: Float32Array) => number): number {
  let worst = 0;
  for (let at = 0; at < all.length; at += length) {
    worst = Math.max(worst, error(all.subarray(at, at + length)));
  }
  return worst;
}

const wrong = (what: string, part: string, error: number) =>
  new Error(`Cannot time ${what}: its ${part} are off by ${error.toPrecision(2)}`);
