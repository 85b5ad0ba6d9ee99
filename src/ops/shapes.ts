/** Helpers on shapes for ops. */
import { numel, type Shape } from "../autodiff/op.ts";

/** Size of the last axis. */
export const columns = (shape: Shape): number => shape[shape.length - 1];

/** Number of rows: everything but the last axis. */
export const rows = (shape: Shape): number => numel(shape) / columns(shape);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** The shape with another last axis. */
export const withColumns = (shape: Shape, n: number): Shape => [...shape.slice(0, -1), n];

/** Identifies the random numbers of an op: two ops of one step need different salts. */
export interface Draw {
  seed: number;
  /** One of `Stream`. */
  stream: number;
  step: number;
  salt: number;
}
