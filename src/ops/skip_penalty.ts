import skipPenaltyWgsl from "../../kernels/skip_penalty.wgsl" with { type: "text" };
import skipPenaltyDxWgsl from "../../kernels/skip_penalty_dx.wgsl" with { type: "text" };
import { defineOp, expectShape, numel } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("skip_penalty", skipPenaltyWgsl);
const backward = kernel("skip_penalty_dx", skipPenaltyDxWgsl);

/** Target distribution of `skipPenalty`, and which distribution is compared with it. */
export interface SkipPenaltyParams {
  /** Wanted share of skips, in (0, 1). */
  rho: number;
  /** Measure the sampled distribution σ(2q), not σ of each logit (default: false, as released). */
  corrected?: boolean;
}

const gainOf = ({ corrected }: SkipPenaltyParams) => corrected ? 2 : 1;

const op = defineOp<SkipPenaltyParams>({
  name: "skip_penalty",
  shapes: ([q], { rho }) => {
    expectShape(q.length === 2, "skip_penalty", [q], "q [n, j]");
    if (!(rho > 0 && rho < 1)) {
      throw new RangeError(`Cannot apply skip_penalty: got rho ${rho}, expected one in (0, 1)`);
    }
    return { out: [[q[0]]] };
  },
  forward: (rec, { inputs: [q], out: [y], params }) => {
    const [n, columns] = q.shape;
    rec.run(forward, { q, y }, { n, columns, gain: gainOf(params), rho: params.rho }, n);
  },
  backward: (rec, { inputs: [q], dy: [dy], dx: [dx], params }) => {
    const n = numel(q.shape);
    rec.run(backward, { q, dy: dy!, dx: dx!.tensor }, {
      n,
      columns: q.shape[1],
      gain: gainOf(params),
      rho: params.rho,
      add: dx!.accumulate,
    }, n);
  },
  reads: { out: false },
  reference: ([q], [[n, columns]], params) => {
    const y = new Float64Array(n);
    const sigma = (x: number) => 1 / (1 + Math.exp(-gainOf(params) * x));
    const term = (p: number, target: number) => p * Math.log(p / target);
    q.forEach((v, i) =>
      y[Math.floor(i / columns)] += term(sigma(-v), 1 - params.rho) + term(sigma(v), params.rho)
    );
    return [y];
  },
  cases: [[1, 3], [5, 1], [7, 6], [20, 11], [300, 5], [70, 36]].map((shape, i) => ({
    shapes: [shape],
    params: { rho: [0.4, 0.1, 0.8][i % 3], corrected: i % 2 === 1 },
  })),
});

/**
 * Skip penalty of the macro controller (Pham et al. 2018, §2.5): Σ p·log(p / t) over skips and over both
 * logits −q and q, p = σ(logit), t = [1 − rho, rho].
 * @param q [n, j], shaped @returns [n]
 */
export const skipPenalty = (q: Value, params: SkipPenaltyParams): Value =>
  apply(op, [q], params)[0];
