import dropoutWgsl from "../../kernels/dropout.wgsl" with { type: "text" };
import { defineOp, numel, type Tensor } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { kernel } from "../gpu/kernel.ts";
import { salted, Stream, uniform } from "../common/random.ts";
import type { Draw } from "./shapes.ts";

const mask = kernel("dropout", dropoutWgsl);

/** How likely `dropout` keeps an element, and the random numbers that decide. */
export interface DropoutParams extends Draw {
  /** Probability to keep, in (0, 1]. */
  keep: number;
}

function masked(rec: Recorder, x: Tensor, y: Tensor, params: DropoutParams, add: boolean): void {
  const { keep, seed, stream, step, salt } = params;
  const n = numel(x.shape);
  rec.run(mask, { x, y }, { n, keep, seed, stream: salted(stream, salt), step, add }, n);
}

/** For `shapes` functions: throws a RangeError unless `keep` is in (0, 1]. */
export function expectKeep(keep: number, op: string): void {
  if (!(keep > 0 && keep <= 1)) {
    throw new RangeError(`Cannot apply ${op}: got keep ${keep}, expected a probability above 0`);
  }
}

const op = defineOp<DropoutParams>({
  name: "dropout",
  shapes: ([x], { keep }) => {
    expectKeep(keep, "dropout");
    return { out: [x] };
  },
  forward: (rec, { inputs: [x], out: [y], params }) => masked(rec, x, y, params, false),
  backward: (rec, { dy: [dy], dx: [dx], params }) =>
    masked(rec, dy!, dx!.tensor, params, dx!.accumulate),
  reads: { inputs: false, out: false },
  reference: ([x], _, { keep, seed, stream, step, salt }) => [
    x.map((v, i) =>
      uniform(seed, salted(stream, salt), step, i) < Math.fround(keep) ? v / keep : 0
    ),
  ],
  cases: [[1], [3, 5], [2, 7, 5, 3], [2, 5, 5, 36], [70, 33], [1, 28, 28, 1]].map((shape, i) => ({
    shapes: [shape],
    params: { keep: [0.9, 0.5, 0.1][i % 3], seed: 5, stream: Stream.dropout, step: 3 * i, salt: i },
  })),
});

/** Inverted dropout: each element is kept with probability `keep` and then divided by it. */
export const dropout = (x: Value, params: DropoutParams): Value =>
  params.keep === 1 ? x : apply(op, [x], params)[0];
