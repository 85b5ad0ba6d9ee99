/** Data sets in host memory, as bytes. Readers are beside this file. */

/** One class per image, or any number of them, none included. */
export type Task = "single-label" | "multi-label";

/** Images as bytes, NHWC, with their labels. */
export interface Images {
  /** n · h · w · c bytes; images of their own sizes one after another. */
  pixels: Uint8Array;
  /** Height and width of each image in turn; absent where all have the data set's. */
  sizes?: Uint32Array;
  /** n class indices; for several labels n · classes times 0 or 1, image by image. */
  labels: Uint8Array | Uint16Array;
  n: number;
}

/** A data set with its splits in host memory: training and validation images, and test images on request. */
export interface DataSet {
  name: string;
  task: Task;
  classes: string[];
  /** Height, width, channels. */
  image: readonly [number, number, number];
  train: Images;
  valid: Images;
  /** Read from disk only when asked for, at the very end of a run. */
  test(): Promise<Images>;
  testCount: number;
  /** Digits are never flipped. */
  flip: boolean;
  /** Mean and deviation per channel of the training part, scaled to 0 … 1. */
  mean: number[];
  deviation: number[];
  /** Decoder of the pictures, with its version; absent if the files hold pixels. */
  decoder?: string;
  /** Shorter side that pictures had before the centre was cut; absent where it is the image's side. */
  resize?: number;
  /** Notes of the reader for the user, one sentence each: absent batches, skipped files. */
  notes: string[];
}

/** Mean and deviation per channel, of pixels scaled to 0 … 1. */
export interface Normalisation {
  mean: readonly number[];
  deviation: readonly number[];
}

/** Numbers in `labels` for each image: 1, or one for each class. */
export function labelWidth({ labels, n }: Images): number {
  return n === 0 ? 1 : labels.length / n;
}

/** First byte of each image in `pixels`, and the end of the last one: n + 1 numbers. */
export function byteOffsets({ pixels, sizes, n }: Images): Float64Array {
  const areas = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) {
    areas[i + 1] = areas[i] + (sizes ? sizes[2 * i] * sizes[2 * i + 1] : 1);
  }
  return n === 0 ? areas : areas.map((area) => area * (pixels.length / areas[n]));
}

/** Copies of the images with these indices, which all have the data set's size. */
export function pickImages({ pixels, labels, n }: Images, indices: ArrayLike<number>): Images {
  const size = pixels.length / n;
  const picked = {
    pixels: new Uint8Array(size * indices.length),
    labels: new (labels instanceof Uint16Array ? Uint16Array : Uint8Array)(indices.length),
    n: indices.length,
  };
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i];
    picked.pixels.set(pixels.subarray(from * size, (from + 1) * size), i * size);
    picked.labels[i] = labels[from];
  }
  return picked;
}

/** Images from … to, without copying. */
export function sliceImages(images: Images, from: number, to: number): Images {
  const { pixels, labels, sizes } = images;
  const offsets = byteOffsets(images);
  const width = labelWidth(images);
  return {
    pixels: pixels.subarray(offsets[from], offsets[to]),
    ...sizes && { sizes: sizes.subarray(2 * from, 2 * to) },
    labels: labels.subarray(from * width, to * width),
    n: to - from,
  };
}

/** Mean and deviation per channel of pixels scaled to 0 … 1; a channel that never changes has deviation 1. */
export function statistics(images: Images, channels: number) {
  const counts = Array.from({ length: channels }, () => new Float64Array(256));
  const { pixels } = images;
  for (let c = 0; c < channels; c++) {
    const count = counts[c];
    for (let i = c; i < pixels.length; i += channels) count[pixels[i]]++;
  }
  const total = pixels.length / channels;
  const mean = counts.map((count) => count.reduce((sum, k, v) => sum + k * v, 0) / total / 255);
  const deviation = counts.map((count, c) => {
    const square = count.reduce((sum, k, v) => sum + k * (v / 255 - mean[c]) ** 2, 0) / total;
    return Math.sqrt(square) || 1;
  });
  return { mean, deviation };
}
