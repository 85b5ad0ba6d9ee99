import concatWgsl from "../../kernels/concat.wgsl" with { type: "text" };
import concatDxWgsl from "../../kernels/concat_dx.wgsl" with { type: "text" };
import { defineOp, expectShape, type Grad, type Tensor } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel } from "../gpu/kernel.ts";
import { columns, rows, sameShape, withColumns } from "./shapes.ts";
import { withUnused } from "./tiling.ts";

const join = kernel("concat", concatWgsl);
const split = kernel("concat_dx", concatDxWgsl);

/** Bindings of the tensors that one dispatch joins or splits. */
const slots = ["part0", "part1", "part2", "part3"] as const;

/** Columns of one tensor among those of all. */
interface Part {
  start: number;
  size: number;
}

/** Parameters of a dispatch for parts side by side in the rows of `whole`; elements as wide as all allow. */
function cut(rec: Recorder, whole: Tensor, parts: readonly Part[]) {
  const width = columns(whole.shape), n = rows(whole.shape);
  const numbers = [width, ...parts.flatMap(({ start, size }) => [start, size])];
  const wide = [["vec4f", 4], ["vec2f", 2]] as const;
  const [T, per] = wide.find(([, per]) => numbers.every((n) => n % per === 0)) ?? ["f32", 1];
  const [columns0, columns1 = 0, columns2 = 0] = parts.map(({ size }) => size / per);
  const all = parts.reduce((sum, { size }) => sum + size, 0) / per;
  const run = rec.traits.copyRows;
  const params = { T, rows: n, run, start: parts[0].start / per, width: width / per, columns: all };
  return {
    params: { ...params, columns0, columns1, columns2 },
    invocations: Math.ceil(n / run) * all,
  };
}

/** Copies columns of every row of x, which lie side by side, to their destinations. */
export function splitColumns(
  rec: Recorder,
  x: Tensor,
  parts: readonly (Part & { to: Grad | null })[],
): void {
  const { params, invocations } = cut(rec, x, parts);
  withUnused(rec, slots, (unused) => {
    const tensors: Record<string, Tensor> = { x, ...unused };
    const flags: Record<string, boolean> = {};
    slots.forEach((slot, i) => {
      const to = parts[i]?.to;
      if (to) tensors[slot] = to.tensor;
      flags[`skip${i}`] = !to;
      flags[`add${i}`] = to?.accumulate ?? false;
    });
    rec.run(split, tensors, { ...params, ...flags }, invocations);
  });
}

/** Copies the columns of several tensors to their positions in y: the inverse of `splitColumns`. */
function joinColumns(rec: Recorder, parts: readonly (Part & { x: Tensor })[], y: Tensor): void {
  const { params, invocations } = cut(rec, y, parts);
  const tensors: Record<string, Tensor> = { y };
  slots.forEach((slot, i) => tensors[slot] = (parts[i] ?? parts[0]).x);
  rec.run(join, tensors, params, invocations);
}

/** Columns of each source in the result. */
function places(shapes: readonly (readonly number[])[]): Part[] {
  let at = 0;
  return shapes.map((s) => ({ start: (at += columns(s)) - columns(s), size: columns(s) }));
}

/** Groups neighbours by dispatch, as many as one takes; `apart` tells which two cannot share one. */
function together<P>(parts: readonly P[], apart: (one: P, other: P) => boolean): P[][] {
  const chunks: P[][] = [[]];
  for (const part of parts) {
    const chunk = chunks.at(-1)!;
    if (chunk.length < slots.length && !chunk.some((other) => apart(part, other))) chunk.push(part);
    else chunks.push([part]);
  }
  return chunks;
}

const op = defineOp<Record<never, never>>({
  name: "concat",
  shapes: (xs) => {
    const [first] = xs;
    expectShape(
      xs.length > 0 && first.length > 0 &&
        xs.every((x) => sameShape(withColumns(x, 0), withColumns(first, 0))),
      "concat",
      xs,
      "shapes that differ in the last axis only",
    );
    return { out: [withColumns(first, xs.reduce((sum, x) => sum + columns(x), 0))] };
  },
  forward: (rec, { inputs, out: [y] }) => {
    const parts = places(inputs.map((x) => x.shape)).map((p, i) => ({ ...p, x: inputs[i] }));
    for (const chunk of together(parts, () => false)) joinColumns(rec, chunk, y);
  },
  backward: (rec, { inputs, dy: [dy], dx }) => {
    const parts = places(inputs.map((x) => x.shape)).map((p, i) => ({ ...p, to: dx[i] }));
    // The same tensor twice, or weights of one slab: a buffer must not be bound writable twice.
    const apart = (a: typeof parts[number], b: typeof parts[number]) =>
      a.to !== null && a.to.tensor.buffer === b.to?.tensor.buffer;
    for (const chunk of together(parts, apart)) {
      if (chunk.some(({ to }) => to)) splitColumns(rec, dy!, chunk);
    }
  },
  reads: { inputs: false, out: false },
  reference: (xs, shapes) => {
    const at = places(shapes);
    const width = shapes.reduce((sum, s) => sum + columns(s), 0);
    const y = new Float64Array(rows(shapes[0]) * width);
    xs.forEach((x, k) => {
      const { start, size } = at[k];
      x.forEach((v, i) => y[Math.floor(i / size) * width + start + i % size] = v);
    });
    return [y];
  },
  cases: [
    [[1], [1]],
    [[5, 3], [5, 1], [5, 7]],
    [[2, 3, 5, 3], [2, 3, 5, 36]],
    [[2, 5, 5, 36], [2, 5, 5, 36], [2, 5, 5, 36], [2, 5, 5, 4]],
    [[70, 33]],
    [[7, 64], [7, 64]],
    [[1, 28, 28, 1], [1, 28, 28, 3]],
    // More than one dispatch.
    [[33, 2], [33, 4], [33, 6], [33, 8], [33, 2], [33, 10]],
  ].map((shapes) => ({ shapes, params: {} })),
});

/** All inputs side by side along the last axis; the other axes are equal. One input is returned as it is. */
export const concat = (xs: readonly Value[]): Value =>
  xs.length === 1 ? xs[0] : apply(op, xs, {})[0];
