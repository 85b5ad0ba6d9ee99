/** What a data set is, once read: bytes in host memory. Readers are beside this file. */

/** One class per image, or any number of them, none included. */
export type Task = "single-label" | "multi-label";

/** Images as bytes, NHWC, with their labels. */
export interface Images {
  /** n · h · w · c bytes. */
  pixels: Uint8Array;
  /** n class indices; for several labels n · classes times 0 or 1, image by image. */
  labels: Uint8Array | Uint16Array;
  n: number;
}

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
  /** Per channel, of the training part scaled to 0 … 1. */
  mean: number[];
  deviation: number[];
  /** What a reader wants the user told, one sentence each: absent batches, skipped files. */
  notes: string[];
}

/** Numbers in `labels` for each image: 1, or one for each class. */
export function labelWidth({ labels, n }: Images): number {
  return n === 0 ? 1 : labels.length / n;
}

/** Images from … to, without copying. */
export function sliceImages(images: Images, from: number, to: number): Images {
  const size = images.pixels.length / images.n;
  const width = labelWidth(images);
  return {
    pixels: images.pixels.subarray(from * size, to * size),
    labels: images.labels.subarray(from * width, to * width),
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
