/** Windows that roll down an image: which do, and how the kernels that do it cut their work. */
import type { Shape } from "../autodiff/op.ts";
import type { Gpu } from "../gpu/device.ts";
import { type Axis, axis, blockSize, lanes, poolGeometry, type PoolOptions } from "./tiling.ts";

/**
 * Windows that roll down the image, unrolled in the text: the sizes that are used often, since a large one
 * takes seconds to compile.
 */
export const rolls = (k: number, stride: number): boolean =>
  (k === 3 || k === 5) && (stride === 1 || stride === 2);

/** What one invocation of a rolling kernel takes: so many columns, and rows at most. */
export interface Tile {
  columns: number;
  rows: number;
}

/**
 * Tiles to choose from for an image of so many rows and columns. Wide and high ones load least: each sees
 * k − 1 columns and rows more than it writes. On a card more invocations hide latency, and wide tiles run out
 * of registers.
 */
export function tiles(gpu: Gpu, high: number, wide: number): Tile[] {
  const tile = (widest: number, rows: number) => ({
    columns: blockSize(wide, widest),
    rows: Math.min(rows, high),
  });
  const whole = tile(8, high), narrow = tile(4, high);
  const all = gpu.adapter.fallback ? [whole, narrow] : [tile(4, 4), tile(2, 4), narrow];
  return all.filter((t, i) =>
    all.findIndex((u) => u.columns === t.columns && u.rows === t.rows) === i
  );
}

const literals = (numbers: Record<string, number>): Record<string, string> =>
  Object.fromEntries(Object.entries(numbers).map(([name, n]) => [name, `${n}u`]));

/**
 * How the rolling kernels that follow the output cut [n,h,w]: constants, sizes, and how many invocations a
 * channel group takes.
 */
export function rollOutput(n: number, y: Axis, x: Axis, k: number, stride: number, tile: Tile) {
  const columns = Math.min(tile.columns, x.out);
  const strips = Math.ceil(x.out / columns), seen = stride * (columns - 1) + k;
  const flight = Math.ceil(k / stride), rows = Math.min(tile.rows, y.out);
  const bands = Math.ceil(y.out / rows);
  const constants = literals({
    K: k,
    S: stride,
    COLUMNS: columns,
    SEEN: seen,
    // A strip as wide as the image has its padding in known places.
    FROM: strips === 1 ? x.before : 0,
    TO: strips === 1 ? Math.min(x.before + x.size, seen) : seen,
    LAST: flight - 1,
    FLIGHT: flight,
  });
  return { constants, sizes: { strips, bands, rows }, items: n * strips * bands };
}

/** The same of kernels that follow the input: its gradient is made in steps of `stride` columns and rows. */
export function rollInput(n: number, y: Axis, x: Axis, k: number, stride: number, tile: Tile) {
  const first = (a: Axis) => Math.floor(a.before / stride);
  const steps = (a: Axis) => Math.ceil((a.size + a.before) / stride) - first(a);
  const columns = Math.max(1, Math.min(Math.floor(tile.columns / stride), steps(x)));
  const strips = Math.ceil(steps(x) / columns);
  const flight = Math.ceil(k / stride), last = flight - 1, seen = columns + last;
  const rows = Math.min(tile.rows, steps(y)), bands = Math.ceil(steps(y) / rows);
  const constants = literals({
    K: k,
    S: stride,
    COLUMNS: columns,
    WIDE: columns * stride,
    SEEN: seen,
    FROM: strips === 1 ? Math.max(0, last - first(x)) : 0,
    TO: strips === 1 ? Math.min(last - first(x) + x.out, seen) : seen,
    LAST: last,
    FLIGHT: flight,
    OPEN: k - stride,
  });
  return { constants, sizes: { strips, bands, rows }, items: n * strips * bands };
}

/** How a rolling kernel pools x, or makes its gradient: what to say to `run`, but for the tensors. */
export function rollPool(
  gpu: Gpu,
  kernel: string,
  x: Shape,
  params: PoolOptions,
  gradient: boolean,
) {
  const { k, stride } = params;
  const { V, LANES } = lanes(x[3]);
  const c = x[3] / Number.parseInt(LANES);
  const tile = gpu.tuning.choose(
    `${kernel} k${k} s${stride} ${x[1]}×${x[2]}`,
    tiles(gpu, x[1], x[2]),
  );
  const down = axis(x[1], k, stride, params.padding),
    across = axis(x[2], k, stride, params.padding);
  const { constants, sizes, items } = (gradient ? rollInput : rollOutput)(
    x[0],
    down,
    across,
    k,
    stride,
    tile,
  );
  return {
    params: { ...poolGeometry(x, params), ...sizes, ...constants, c },
    V,
    invocations: items * c,
  };
}
