import attendWgsl from "../../kernels/attend.wgsl" with { type: "text" };
import attendDkeysWgsl from "../../kernels/attend_dkeys.wgsl" with { type: "text" };
import attendDqueryWgsl from "../../kernels/attend_dquery.wgsl" with { type: "text" };
import attendDvWgsl from "../../kernels/attend_dv.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("attend", attendWgsl);
const backwardKeys = kernel("attend_dkeys", attendDkeysWgsl);
const backwardQuery = kernel("attend_dquery", attendDqueryWgsl);
const backwardV = kernel("attend_dv", attendDvWgsl);

const op = defineOp<Record<never, never>>({
  name: "attend",
  shapes: ([keys, query, v]) => {
    const hidden = numel(v);
    expectShape(
      keys.length === 2 && query.length === 2 && keys[0] === query[0] && query[1] === hidden &&
        keys[1] % hidden === 0,
      "attend",
      [keys, query, v],
      "keys [n, j·H], a query [n, H] and v [H]",
    );
    return { out: [[keys[0], keys[1] / hidden]], saved: [keys] };
  },
  forward: (rec, { inputs: [keys, query, v], out: [scores], saved: [tanhSum] }) => {
    const [n, perRow] = scores.shape;
    rec.run(
      forward,
      { keys, query, v, tanh_sum: tanhSum, scores },
      { n: n * perRow, keys_per_row: perRow, hidden: query.shape[1] },
      n * perRow,
    );
  },
  backward: (rec, { inputs, out: [scores], saved: [tanhSum], dy: [dy], dx }) => {
    const [keys, query, v] = inputs;
    const [dKeys, dQuery, dV] = dx;
    const hidden = query.shape[1];
    const [n, perRow] = scores.shape;
    const io = { tanh_sum: tanhSum, dy: dy! };
    if (dKeys) {
      const elements = numel(keys.shape);
      rec.run(
        backwardKeys,
        { ...io, v, dx: dKeys.tensor },
        { n: elements, hidden, add: dKeys.accumulate },
        elements,
      );
    }
    if (dQuery) {
      rec.run(
        backwardQuery,
        { ...io, v, dx: dQuery.tensor },
        { n: n * hidden, keys_per_row: perRow, hidden, add: dQuery.accumulate },
        n * hidden,
      );
    }
    if (dV) {
      rec.run(
        backwardV,
        { ...io, dv: dV.tensor },
        { keys: n * perRow, hidden, add: dV.accumulate },
        [hidden],
      );
    }
  },
  reads: { out: false },
  reference: ([keys, query, v]) => {
    const hidden = v.length;
    const perRow = keys.length / query.length;
    const scores = new Float64Array(keys.length / hidden);
    keys.forEach((k, i) => {
      const h = i % hidden;
      const row = Math.floor(i / (hidden * perRow));
      scores[Math.floor(i / hidden)] += Math.tanh(k + query[row * hidden + h]) * v[h];
    });
    return [scores];
  },
  cases: [[1, 1, 1], [3, 1, 5], [5, 3, 3], [20, 11, 64], [7, 5, 36], [90, 3, 2]].map(
    ([n, keys, hidden]) => ({ shapes: [[n, keys * hidden], [n, hidden], [hidden]], params: {} }),
  ),
});

/**
 * Additive attention: score of key j = tanh(key_j + query) · v.
 * @param keys [n, j·H] @param query [n, H] @param v [H] @returns [n, j]
 */
export const attend = (keys: Value, query: Value, v: Value): Value =>
  apply(op, [keys, query, v], {})[0];
