/** Splits the images that a reader returned, and measures them. */
import { type DataSet, type Images, sliceImages, statistics } from "./dataset.ts";
import type { ReadSet } from "./reader.ts";

export interface SplitOptions {
  /** "search" keeps the last tenth of the training images for validation, "final" trains on all. */
  splits: "search" | "final";
  /** Most images of each part; default: all. */
  trainLimit?: number;
  validLimit?: number;
  /** The set has a division of its own: nothing is kept for validation. */
  divided?: boolean;
  /** Mean and deviation of the set; default: those of the training images in use. */
  normalisation?: { mean: readonly number[]; deviation: readonly number[] };
}

/** The data set of these images. */
export function asDataSet(name: string, read: ReadSet, options: SplitOptions): DataSet {
  const { train, valid } = split(read, options);
  const { mean, deviation } = options.normalisation ?? statistics(train, read.image[2]);
  const test = () => read.test();
  return { ...read, name, train, valid, test, mean: [...mean], deviation: [...deviation] };
}

function split(read: ReadSet, options: SplitOptions): { train: Images; valid: Images } {
  const all = read.train;
  const whole = options.splits === "final" || read.valid || options.divided;
  const validCount = whole ? 0 : Math.floor(all.n / 10);
  const border = all.n - validCount;
  const rest = read.valid ?? sliceImages(all, border, all.n);
  return {
    train: sliceImages(all, 0, Math.min(border, options.trainLimit ?? border)),
    valid: sliceImages(rest, 0, Math.min(rest.n, options.validLimit ?? rest.n)),
  };
}
