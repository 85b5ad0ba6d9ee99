/** A synthetic data set for tests: the same bytes on every machine, and a network can learn it. */
import { hash, Stream } from "../common/random.ts";
import { type DataSet, type Images, statistics } from "./dataset.ts";

/** Numbers of images per split, their size, and the seed of `syntheticDataSet`. */
export interface SyntheticOptions {
  /** Numbers of images; `valid` and `test` default to 0. */
  train: number;
  valid?: number;
  test?: number;
  /** Height, width, channels. */
  image: readonly [number, number, number];
  /** At most 256; default 10. */
  classes?: number;
  /** Default 1. */
  seed?: number;
}

/**
 * Images whose every byte is the average of noise and of a pattern that their class has, with classes at
 * random. `part` tells training, validation and test images apart.
 */
export function syntheticImages(
  n: number,
  [h, w, c]: readonly [number, number, number],
  { classes = 10, seed = 1, part = 0 }: { classes?: number; seed?: number; part?: number } = {},
): Images {
  const size = h * w * c;
  const words = Math.ceil(size / 4);
  const pixels = new Uint8Array(n * size);
  const labels = new Uint8Array(n);
  const draw = (step: number, index: number) => hash(seed, Stream.data, step, index);
  const patterns = Array.from(
    { length: classes },
    (_, k) => wordsOf(words, (i) => draw(100 + k, i)),
  );
  const bytes = new Uint8Array(4 * words);
  const word = new Uint32Array(bytes.buffer);
  for (let i = 0; i < n; i++) {
    labels[i] = draw(2 * part, i) % classes;
    const pattern = patterns[labels[i]];
    for (let k = 0; k < words; k++) {
      // Four byte-wise averages at once: halve both and add.
      const noise = draw(2 * part + 1, i * words + k);
      word[k] = ((noise >>> 1) & 0x7f7f7f7f) + ((pattern[k] >>> 1) & 0x7f7f7f7f);
    }
    pixels.set(bytes.subarray(0, size), i * size);
  }
  return { pixels, labels, n };
}

/** A whole data set of synthetic images. */
export function syntheticDataSet(options: SyntheticOptions): DataSet {
  const { image, classes = 10, seed = 1, valid = 0, test = 0 } = options;
  const make = (n: number, part: number) => syntheticImages(n, image, { classes, seed, part });
  const train = make(options.train, 0);
  return {
    name: "synthetic",
    task: "single-label",
    classes: Array.from({ length: classes }, (_, i) => String(i)),
    image,
    train,
    valid: make(valid, 1),
    test: () => Promise.resolve(make(test, 2)),
    testCount: test,
    flip: true,
    ...statistics(train, image[2]),
    notes: [],
  };
}

function wordsOf(n: number, draw: (i: number) => number): Uint32Array {
  return Uint32Array.from({ length: n }, (_, i) => draw(i));
}
