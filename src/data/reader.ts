/** What every reader hands over: the training files read, the test files only located or looked at. */
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
  /** Where the files themselves have a validation part, or where classes lie in order. */
  valid?: Images;
  testCount: number;
  /** Opens the test files. */
  test(): Promise<Images>;
  /** What decoded pictures, and the shorter side that they were resized to: see `DataSet`. */
  decoder?: string;
  resize?: number;
  notes: string[];
}
