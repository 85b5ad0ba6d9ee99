import logitShapeWgsl from "../../kernels/logit_shape.wgsl" with { type: "text" };
import logitShapeDxWgsl from "../../kernels/logit_shape_dx.wgsl" with { type: "text" };
import { defineOp, numel, type Shape } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { kernel } from "../gpu/kernel.ts";

const forward = kernel("logit_shape", logitShapeWgsl);
const backward = kernel("logit_shape_dx", logitShapeDxWgsl);

/** T and c of c · tanh(x / T) in `logitShape`; both at least 0. */
export interface LogitShapeParams {
  /** Divides the logits; 0 leaves them. */
  temperature: number;
  /** Bounds the logits to ± this by a tanh; 0 leaves them. */
  tanhConstant: number;
}

const uniforms = (shape: Shape, { temperature, tanhConstant }: LogitShapeParams) => ({
  n: numel(shape),
  temperature: temperature || 1,
  bound: tanhConstant,
});

const op = defineOp<LogitShapeParams>({
  name: "logit_shape",
  shapes: ([x], { temperature, tanhConstant }) => {
    if (!(temperature >= 0 && tanhConstant >= 0)) {
      throw new RangeError(
        `Cannot apply logit_shape: got temperature ${temperature} and tanh constant ${tanhConstant}, ` +
          `expected numbers of at least 0`,
      );
    }
    return { out: [x] };
  },
  forward: (rec, { inputs: [x], out: [y], params }) =>
    rec.run(forward, { x, y }, uniforms(x.shape, params), numel(x.shape)),
  backward: (rec, { out: [y], dy: [dy], dx: [dx], params }) =>
    rec.run(
      backward,
      { y, dy: dy!, dx: dx!.tensor },
      { ...uniforms(y.shape, params), add: dx!.accumulate },
      numel(y.shape),
    ),
  reads: { inputs: false },
  reference: ([x], _, { temperature, tanhConstant: c }) => [
    x.map((v) => {
      const cooled = v / (temperature || 1);
      return c ? c * Math.tanh(cooled) : cooled;
    }),
  ],
  cases: [[1], [5, 3], [7, 6], [20, 12], [300, 5], [70, 36]].map((shape, i) => ({
    shapes: [shape],
    params: { temperature: [0, 5, 0.5][i % 3], tanhConstant: [1.1, 0, 2.5, 0.44][i % 4] },
  })),
});

/** Logits over a temperature, then bounded: c · tanh(x / T). Bello et al. 2017; ENAS §3.2. */
export const logitShape = (x: Value, params: LogitShapeParams): Value =>
  params.temperature || params.tanhConstant ? apply(op, [x], params)[0] : x;
