import bitMatchesWgsl from "../../kernels/bit_matches.wgsl" with { type: "text" };
import { defineOp, expectShape } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("bit_matches", bitMatchesWgsl);

const op = defineOp<{ units: number }>({
  name: "bit_matches",
  dtypes: { inputs: ["u32"], out: ["u32"] },
  shapes: ([bits], { units }) => {
    expectShape(
      bits.length === 2 && bits[1] === Math.ceil(units / 32),
      "bit_matches",
      [bits],
      `words of ${units} bits per row`,
    );
    return { out: [[bits[0], bits[0]]] };
  },
  forward: (rec, { inputs: [bits], out: [y], params: { units } }) => {
    const [n, words] = bits.shape;
    rec.run(forward, { bits, y }, { n, units, words }, n * n);
  },
  backward: "none, because a count does not change with the counted values",
  reference: ([bits], [[n, words]], { units }) => {
    const bit = (row: number, u: number) =>
      Math.floor(bits[row * words + (u >> 5)] / 2 ** (u & 31)) % 2;
    return [
      Float64Array.from({ length: n * n }, (_, pair) => {
        let equal = 0;
        for (let u = 0; u < units; u++) {
          if (bit(Math.floor(pair / n), u) === bit(pair % n, u)) equal++;
        }
        return equal;
      }),
    ];
  },
  cases: [[1, 1], [3, 31], [5, 32], [2, 120], [9, 148], [70, 156]].map(([n, units]) => ({
    shapes: [[n, Math.ceil(units / 32)]],
    params: { units },
    inputs: [{ below: 2 ** Math.min(units, 20) }],
  })),
});

/**
 * Counts, for each pair of rows, how many of the first `units` bits are equal, as uint32.
 * @param bits [n, ⌈units / 32⌉], uint32, unused bits 0 @returns [n, n]
 */
export const bitMatches = (bits: Value, units: number): Value => apply(op, [bits], { units })[0];
