/** Made-up images, to try the page out. Loaded on demand. */
import type { DataSet } from "../data/dataset.ts";
import { syntheticDataSet } from "../data/synthetic.ts";
import { seed } from "./data_sets.ts";

/** A set of so many training images, and a fourth of that to choose by and to test. */
export function madeUp(image: readonly [number, number, number], train: number): DataSet {
  const part = Math.ceil(train / 4);
  return {
    ...syntheticDataSet({ train, valid: part, test: part, image, seed }),
    notes: ["Made-up images: each class has a pattern under noise."],
  };
}
