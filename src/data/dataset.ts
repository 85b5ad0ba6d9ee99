/** What a data set is, once read: bytes in host memory. Readers are beside this file. */

/** Images as bytes, NHWC, with one class each. */
export interface Images {
  /** n · h · w · c bytes. */
  pixels: Uint8Array;
  /** n class indices. */
  labels: Uint8Array | Uint16Array;
  n: number;
}

export interface DataSet {
  name: string;
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
