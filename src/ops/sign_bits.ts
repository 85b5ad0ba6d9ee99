import signBitsWgsl from "../../kernels/sign_bits.wgsl" with { type: "text" };
import { defineOp, expectShape, numel, type Shape } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("sign_bits", signBitsWgsl);

/** Elements of one image, and words that their bits take. */
export function bitsOf(x: Shape): { units: number; words: number } {
  const units = numel(x) / x[0];
  return { units, words: Math.ceil(units / 32) };
}

const op = defineOp<{ at: number }>({
  name: "sign_bits",
  dtypes: { out: ["u32"] },
  shapes: ([x]) => {
    expectShape(x.length >= 2, "sign_bits", [x], "[n,…]");
    return { out: [[x[0], bitsOf(x).words]] };
  },
  forward: (rec, { inputs: [x], out: [y], params: { at } }) =>
    rec.run(forward, { x, y }, { n: x.shape[0], ...bitsOf(x.shape), at }, numel(y.shape)),
  backward: "none, because a sign does not change with its value",
  reference: ([x], [shape], { at }) => {
    const { units, words } = bitsOf(shape);
    const y = new Float64Array(shape[0] * words);
    x.forEach((v, i) => {
      const unit = i % units;
      if (v > at) y[Math.floor(i / units) * words + (unit >> 5)] += 2 ** (unit & 31);
    });
    return [y];
  },
  cases: [
    [1, 1],
    [3, 31],
    [5, 32],
    [2, 5, 7, 3],
    [9, 2, 2, 36],
    // Several groups of words.
    [70, 3, 3, 17],
  ].map((shape, i) => ({ shapes: [shape], params: { at: i % 2 * 0.3071 } })),
});

/**
 * Packs the signs of each image's elements (1 where above `at`) into the bits of uint32 words; unused bits are 0.
 * @param x [n, …] @returns [n, ⌈elements of an image / 32⌉]
 */
export const signBits = (x: Value, at = 0): Value => apply(op, [x], { at })[0];
