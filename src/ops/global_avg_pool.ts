import globalAvgPoolWgsl from "../../kernels/global_avg_pool.wgsl" with { type: "text" };
import globalAvgPoolDxWgsl from "../../kernels/global_avg_pool_dx.wgsl" with { type: "text" };
import { type Case, defineOp, expectShape } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";
import { lanes, width } from "./tiling.ts";

const forward = kernel("global_avg_pool", globalAvgPoolWgsl);
const backward = kernel("global_avg_pool_dx", globalAvgPoolDxWgsl);

interface Params {
  /** Apply max(x, 0) to the input. */
  relu?: boolean;
}

const op = defineOp<Params>({
  name: "global_avg_pool",
  absorbs: { reluOfInputs: { at: () => [0], params: (params) => ({ ...params, relu: true }) } },
  shapes: ([x]) => {
    expectShape(x.length === 4, "global_avg_pool", [x], "[n,h,w,c]");
    return { out: [[x[0], x[3]]] };
  },
  forward: (rec, { inputs: [x], out: [y], params: { relu = false } }) => {
    const [n, h, w, channels] = x.shape;
    const l = lanes(channels);
    const c = channels / width(l);
    rec.run(forward, { x, y }, { n, c, relu, pixels: h * w, V: l.V }, n * c);
  },
  backward: (rec, { inputs: [x], dy: [dy], dx: [dx], params: { relu = false } }) => {
    const [n, h, w, channels] = x.shape;
    const l = lanes(channels);
    const c = channels / width(l), blocks = Math.ceil(h * w / 8);
    rec.run(
      backward,
      { x, dy: dy!, dx: dx!.tensor },
      { n, c, relu, blocks, pixels: h * w, V: l.V, add: dx!.accumulate },
      n * c * blocks,
    );
  },
  reads: { out: false },
  reference: ([x], [[n, h, w, c]], { relu }) => {
    const y = new Float64Array(n * c);
    x.forEach((v, i) => {
      y[Math.floor(i / (h * w * c)) * c + i % c] += (relu ? Math.max(v, 0) : v) / (h * w);
    });
    return [y];
  },
  cases: ([
    [[2, 5, 7, 1], false],
    [[3, 4, 5, 3], true],
    [[2, 7, 7, 36], true],
    [[5, 3, 3, 64], false],
    [[1, 1, 1, 4], true],
    [[40, 2, 2, 8], true],
  ] as [number[], boolean][]).map(([x, relu]): Case<Params> => ({
    shapes: [x],
    params: { relu },
  })),
});

/** Mean over the pixels of x [n,h,w,c]: [n,c]. */
export const globalAvgPool = (x: Value): Value => apply(op, [x], {})[0];
