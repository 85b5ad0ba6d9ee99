/** Common result of all readers: training files are read, test files only located or checked. */
import type { Images, Task } from "./dataset.ts";

export interface ReadSet {
  name: string;
  task: Task;
  classes: string[];
  /** Height, width, channels. */
  image: readonly [number, number, number];
  flip: boolean;
  /** In the order of the files; for folders already shuffled, so that any first part is a fair sample. */
  train: Images;
  /** Present if the files have a validation part themselves, or lie in order of classes. */
  valid?: Images;
  testCount: number;
  /** Opens the test files. */
  test(): Promise<Images>;
  /** Decoder of pictures, and the shorter side that they were resized to: see `DataSet`. */
  decoder?: string;
  resize?: number;
  notes: string[];
}
