import maskedWgsl from "../../kernels/masked.wgsl" with { type: "text" };
import { defineOp, expectShape, numel, type Tensor } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { bitsOf } from "./sign_bits.ts";

const kept = kernel("masked", maskedWgsl);

const keep = (rec: Recorder, x: Tensor, bits: Tensor, y: Tensor, add: boolean) => {
  const n = numel(x.shape);
  rec.run(kept, { x, bits, y }, { n, ...bitsOf(x.shape), add }, n);
};

const op = defineOp<Record<never, never>>({
  name: "masked",
  dtypes: { inputs: ["f32", "u32"] },
  shapes: ([x, bits]) => {
    expectShape(
      x.length >= 2 && bits.length === 2 && bits[0] === x[0] && bits[1] === bitsOf(x).words,
      "masked",
      [x, bits],
      "[n,…] and a bit per element",
    );
    return { out: [x] };
  },
  forward: (rec, { inputs: [x, bits], out: [y] }) => keep(rec, x, bits, y, false),
  backward: (rec, { inputs: [, bits], dy: [dy], dx: [dx] }) =>
    keep(rec, dy!, bits, dx!.tensor, dx!.accumulate),
  reads: { out: false },
  reference: ([x, bits], [shape]) => {
    const { units, words } = bitsOf(shape);
    return [x.map((v, i) => {
      const unit = i % units;
      const word = bits[Math.floor(i / units) * words + (unit >> 5)];
      return Math.floor(word / 2 ** (unit & 31)) % 2 === 1 ? v : 0;
    })];
  },
  cases: [[1, 1], [3, 31], [5, 32], [2, 5, 7, 3], [9, 2, 2, 36], [70, 3, 3, 17]].map((x) => ({
    shapes: [x, [x[0], bitsOf(x).words]],
    params: {},
    inputs: ["real", { below: 2 ** 20 }],
  })),
});

/**
 * The elements whose bits are set, and 0 for the others: a ReLU whose signs are those of another time.
 * @param x [n, …] @param bits of `signBits`
 */
export const masked = (x: Value, bits: Value): Value => apply(op, [x, bits], {})[0];
