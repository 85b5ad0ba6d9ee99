import dropPathWgsl from "../../kernels/drop_path.wgsl" with { type: "text" };
import { count, defineOp, type Tensor } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import { salted, Stream, uniform } from "../random.ts";
import { type DropoutParams, expectKeep } from "./dropout.ts";

const mask = kernel("drop_path", dropPathWgsl);

function masked(gpu: Gpu, x: Tensor, y: Tensor, params: DropoutParams, add: boolean): void {
  const { keep, seed, stream, step, salt } = params;
  const n = count(x.shape);
  gpu.run(mask, { x, y }, {
    n,
    per_example: n / x.shape[0],
    keep,
    seed,
    stream: salted(stream, salt),
    step,
    add,
  }, n);
}

const op = defineOp<DropoutParams>({
  name: "drop_path",
  shapes: ([x], { keep }) => {
    expectKeep(keep, "drop_path");
    return { out: [x] };
  },
  forward: (gpu, { inputs: [x], out: [y], params }) => masked(gpu, x, y, params, false),
  backward: (gpu, { dy: [dy], dx: [dx], params }) =>
    masked(gpu, dy!, dx!.tensor, params, dx!.accumulate),
  reads: { inputs: false, out: false },
  reference: ([x], [shape], { keep, seed, stream, step, salt }) => {
    const perExample = x.length / shape[0];
    const kept = (i: number) =>
      uniform(seed, salted(stream, salt), step, Math.floor(i / perExample)) < Math.fround(keep);
    return [x.map((v, i) => kept(i) ? v / keep : 0)];
  },
  cases: [[1], [3, 5], [7, 3, 5, 3], [5, 5, 5, 36], [70, 33], [4, 9, 9, 1]].map((shape, i) => ({
    shapes: [shape],
    params: {
      keep: [0.9, 0.5, 0.6][i % 3],
      seed: 5,
      stream: Stream.dropPath,
      step: i,
      salt: 2 * i,
    },
  })),
});

/**
 * Drop-path (Larsson et al. 2017): each example (first axis) is kept as a whole with probability `keep`
 * and then divided by it.
 */
export const dropPath = (x: Value, params: DropoutParams): Value =>
  params.keep === 1 ? x : apply(op, [x], params)[0];
