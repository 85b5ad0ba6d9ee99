/** Sliding-window kernels: the windows that they support, and how they divide the work. */
import type { Shape } from "../autodiff/op.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { poolGeometry, type PoolOptions } from "./pooling.ts";
import { type Axis, axis, blockSize, lanes } from "./tiling.ts";

/**
 * Whether a window has a sliding-window kernel: only the usual sizes, since windows are unrolled in the text
 * and a large one takes seconds to compile.
 */
export const slides = (k: number, stride: number): boolean =>
  (k === 3 || k === 5) && (stride === 1 || stride === 2);

/** Most columns (or steps of columns) and rows per invocation of a sliding-window kernel. */
interface Tile {
  columns: number;
  rows: number;
}

/** A window and how it slides down and across an image. */
export interface Window {
  y: Axis;
  x: Axis;
  k: number;
  stride: number;
}

/** Tuning key of a window and an image. */
const classOf = ({ y, x, k, stride }: Window) => `k${k} s${stride} ${y.size}×${x.size}`;

/** A kernel: its name for the tuner, and the most columns of its strips in software, stride 1 and stride 2. */
export interface SlidingKernel {
  name: string;
  columns: readonly [4 | 8, 2 | 4];
}

/**
 * Chooses a tile. Wide and high tiles load least, since each reads k − 1 more columns and rows than it
 * writes. With stride 2 wide ones read twice the columns and take seconds to compile; narrow strips serve
 * more widths of images. On a card many invocations hide latency, and wide tiles run out of registers.
 */
function tile(rec: Recorder, { name, columns }: SlidingKernel, window: Window): Tile {
  const key = `${name} ${classOf(window)}`, wide = window.stride === 1;
  const high = (columns: number) => ({ columns, rows: Infinity });
  const low = (columns: number) => ({ columns, rows: 4 });
  if (!rec.traits.fewLanes) return rec.choose(key, [low(wide ? 4 : 2), low(2), high(4)]);
  const [first, all] = wide ? [columns[0], [8, 4]] : [columns[1], [4, 2]];
  return rec.choose(key, [first, ...all.filter((n) => n !== first)].map(high));
}

const literals = (constants: Record<string, number | boolean>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(constants).map(([name, v]) => [name, typeof v === "number" ? `${v}u` : `${v}`]),
  );

/**
 * Divides n images for a kernel whose strips are of the output: constants, sizes, and the number of strips of
 * a channel group (`items`).
 */
export function slideOutput(rec: Recorder, kernel: SlidingKernel, n: number, window: Window) {
  const { y, x, k, stride } = window, inFlight = Math.ceil(k / stride);
  const most = tile(rec, kernel, window);
  const columns = blockSize(x.out, most.columns), strips = Math.ceil(x.out / columns);
  const rows = Math.min(most.rows, y.out), bands = Math.ceil(y.out / rows);
  const seen = stride * (columns - 1) + k, alone = strips === 1 && stride === 1;
  const constants = literals({
    K: k,
    S: stride,
    COLUMNS: columns,
    INPUT_COLS: seen,
    // In a strip as wide as the image the padding is known. With stride 2 that is too rare to compile a
    // kernel for it.
    FIRST_COL: alone ? x.before : 0,
    END_COL: alone ? Math.min(x.before + x.size, seen) : seen,
    REACH: inFlight - 1,
    ROWS_IN_FLIGHT: inFlight,
    EXACT: alone,
  });
  return { constants, sizes: { strips, bands, rows }, items: n * strips * bands };
}

/** The same for strips of the input: its gradient is computed in steps of `stride` columns and rows. */
export function slideInput(rec: Recorder, kernel: SlidingKernel, n: number, window: Window) {
  const { y, x, k, stride } = window, inFlight = Math.ceil(k / stride), reach = inFlight - 1;
  const first = (a: Axis) => Math.floor(a.before / stride);
  const steps = (a: Axis) => Math.ceil((a.size + a.before) / stride) - first(a);
  const most = tile(rec, kernel, window);
  const columns = blockSize(steps(x), Math.max(1, most.columns / stride));
  const strips = Math.ceil(steps(x) / columns), seen = columns + reach;
  const rows = Math.min(most.rows, steps(y)), bands = Math.ceil(steps(y) / rows);
  const constants = literals({
    K: k,
    S: stride,
    COLUMNS: columns,
    DX_COLS: columns * stride,
    INPUT_COLS: seen,
    FIRST_COL: strips === 1 ? Math.max(0, reach - first(x)) : 0,
    END_COL: strips === 1 ? Math.min(reach - first(x) + x.out, seen) : seen,
    REACH: reach,
    ROWS_IN_FLIGHT: inFlight,
    ROWS_OPEN: k - stride,
    EXACT: strips === 1 && stride === 1,
  });
  return { constants, sizes: { strips, bands, rows }, items: n * strips * bands };
}

/** Arguments of `run`, except the tensors, for pooling x (or its gradient) by a sliding-window kernel. */
export function slidePool(
  rec: Recorder,
  kernel: SlidingKernel,
  shape: Shape,
  params: PoolOptions,
  gradient: boolean,
) {
  const { k, stride, padding } = params, { V, LANES } = lanes(shape[3]);
  const c = shape[3] / Number.parseInt(LANES);
  const y = axis(shape[1], k, stride, padding), x = axis(shape[2], k, stride, padding);
  const slide = gradient ? slideInput : slideOutput;
  const { constants, sizes, items } = slide(rec, kernel, shape[0], { y, x, k, stride });
  return {
    params: { ...poolGeometry(shape, params), ...sizes, ...constants, c },
    V,
    invocations: items * c,
  };
}
