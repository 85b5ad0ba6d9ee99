import lstmCellWgsl from "../../kernels/lstm_cell.wgsl" with { type: "text" };
import lstmCellDcWgsl from "../../kernels/lstm_cell_dc.wgsl" with { type: "text" };
import lstmCellDgatesWgsl from "../../kernels/lstm_cell_dgates.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("lstm_cell", lstmCellWgsl);
const backwardGates = kernel("lstm_cell_dgates", lstmCellDgatesWgsl);
const backwardC = kernel("lstm_cell_dc", lstmCellDcWgsl);

const sigma = (x: number) => 1 / (1 + Math.exp(-x));

const op = defineOp<Record<never, never>>({
  name: "lstm_cell",
  shapes: ([gates, c]) => {
    expectShape(
      gates.length === 2 && c.length === 2 && gates[0] === c[0] && gates[1] === 4 * c[1],
      "lstm_cell",
      [gates, c],
      "gates [n, 4·H] and a cell state [n, H]",
    );
    return { out: [c, c] };
  },
  forward: (rec, { inputs: [gates, c], out: [h, next] }) =>
    rec.run(
      forward,
      { gates, c, h_new: h, c_new: next },
      { n: numel(c.shape), hidden: c.shape[1] },
      numel(c.shape),
    ),
  backward: (rec, { inputs: [gates, c], out: [, next], dy: [dh, dc], dx: [dGates, dPrevious] }) => {
    const n = numel(c.shape);
    const grads = { c_new: next, dh: dh ?? dc!, dc: dc ?? dh! };
    const params = { n, hidden: c.shape[1], has_dh: dh !== null, has_dc: dc !== null };
    if (dGates) {
      const { tensor, accumulate } = dGates;
      rec.run(
        backwardGates,
        { gates, c, ...grads, dgates: tensor },
        { ...params, add: accumulate },
        n,
      );
    }
    if (dPrevious) {
      const { tensor, accumulate } = dPrevious;
      rec.run(backwardC, { gates, ...grads, dx: tensor }, { ...params, add: accumulate }, n);
    }
  },
  reference: ([gates, c], [, [, hidden]]) => {
    const next = c.map((v, k) => {
      const at = Math.floor(k / hidden) * 4 * hidden + k % hidden;
      const [i, f, g] = [gates[at], gates[at + hidden], gates[at + 3 * hidden]];
      return sigma(i) * Math.tanh(g) + sigma(f) * v;
    });
    const h = next.map((v, k) =>
      sigma(gates[(Math.floor(k / hidden) * 4 + 2) * hidden + k % hidden]) * Math.tanh(v)
    );
    return [h, next];
  },
  cases: [[1, 1], [3, 1], [5, 3], [7, 36], [20, 64], [1, 64]].map(([n, hidden]) => ({
    shapes: [[n, 4 * hidden], [n, hidden]],
    params: {},
  })),
});

/**
 * One LSTM step from pre-activations: c' = σ(i)·tanh(g) + σ(f)·c, h' = σ(o)·tanh(c').
 * @param gates [n, 4·H], i, f, o, g one after the other
 * @param c [n, H]
 * @returns [h', c'], both [n, H]
 */
export function lstmCell(gates: Value, c: Value): [h: Value, c: Value] {
  const [h, next] = apply(op, [gates, c], {});
  return [h, next];
}
