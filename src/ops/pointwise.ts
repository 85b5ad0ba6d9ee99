import { defineOp, expectShape, numel, type Shape } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { productDw, productDx, productForward, type Sampling } from "./product.ts";

interface Params extends Sampling {
  /** Apply max(x, 0) to each input. */
  relu?: boolean;
}

const pairs = <T>(inputs: readonly T[]) => {
  const n = inputs.length / 2;
  return Array.from({ length: n }, (_, i) => ({ x: inputs[i], w: inputs[n + i] }));
};

function shapes(inputs: readonly Shape[], { stride, shift }: Params): { out: Shape[] } {
  const [x] = inputs;
  const all = pairs(inputs);
  const co = all[0]?.w[1];
  expectShape(
    inputs.length >= 2 && inputs.length % 2 === 0 &&
      (x.length === 4 || x.length === 2 && stride === 1 && shift === 0) &&
      all.every((p) =>
        p.w.length === 2 && p.w[1] === co && p.w[0] === p.x.at(-1) &&
        p.x.length === x.length && p.x.slice(0, -1).every((s, i) => s === x[i])
      ),
    "pointwise",
    inputs,
    "inputs of one size [n, h, w, ci] or [n, ci], then as many weights [ci, co]",
  );
  if (x.length === 2) return { out: [[x[0], co]] };
  return { out: [[x[0], Math.ceil(x[1] / stride), Math.ceil(x[2] / stride), co]] };
}

/** For each output pixel the first element of the input pixel that it reads; −1 where outside. */
function sources(x: Shape, y: Shape, { stride, shift }: Params): number[] {
  const [h, w] = x.length === 2 ? [1, 1] : [x[1], x[2]];
  const [oh, ow] = y.length === 2 ? [1, 1] : [y[1], y[2]];
  const from: number[] = [];
  for (let n = 0; n < x[0]; n++) {
    for (let i = 0; i < oh; i++) {
      for (let j = 0; j < ow; j++) {
        const r = stride * i + shift, c = stride * j + shift;
        from.push(r < h && c < w ? ((n * h + r) * w + c) * x.at(-1)! : -1);
      }
    }
  }
  return from;
}

const plain = { relu: false, stride: 1, shift: 0 };

const op = defineOp<Params>({
  name: "pointwise",
  absorbs: {
    reluOfInputs: {
      at: (inputs) => Array.from({ length: inputs / 2 }, (_, i) => i),
      params: (params) => ({ ...params, relu: true }),
    },
  },
  shapes,
  forward: (rec, { inputs, out: [y], params: { relu = false, ...sampling } }) =>
    pairs(inputs).forEach(({ x, w }, i) =>
      productForward(rec, { x, w, y, relu, add: i > 0, sampling })
    ),
  backward: (rec, { inputs, dy: [dy], dx, params: { relu = false, ...sampling } }) => {
    const gradients = pairs(dx);
    pairs(inputs).forEach(({ x, w }, i) => {
      const io = { x, w, dy: dy!, relu, sampling };
      const { x: dx, w: dw } = gradients[i];
      if (dx) productDx(rec, io, dx);
      if (dw) productDw(rec, io, dw);
    });
  },
  reads: { out: false },
  macs: (inputs, params) => {
    const [y] = shapes(inputs, params).out;
    return pairs(inputs).reduce((sum, { x }) => sum + numel(y) * x.at(-1)!, 0);
  },
  reference: (data, inputs, params) => {
    const [out] = shapes(inputs, params).out;
    const co = out.at(-1)!;
    const y = new Float64Array(numel(out));
    const from = sources(inputs[0], out, params);
    pairs(data).forEach(({ x, w }, i) => {
      const ci = inputs[i].at(-1)!;
      const at = ci === inputs[0].at(-1) ? from : sources(inputs[i], out, params);
      at.forEach((start, row) => {
        for (let k = 0; start >= 0 && k < ci; k++) {
          const v = params.relu ? Math.max(x[start + k], 0) : x[start + k];
          for (let o = 0; o < co; o++) y[row * co + o] += v * w[k * co + o];
        }
      });
    });
    return [y];
  },
  cases: [
    { shapes: [[3, 5, 3, 1], [1, 3]], params: plain },
    { shapes: [[2, 5, 7, 36], [36, 36]], params: plain },
    { shapes: [[5, 3], [3, 10]], params: { ...plain, relu: true } },
    // Several groups of several pixels per invocation.
    { shapes: [[1100, 8], [8, 4]], params: { ...plain, relu: true } },
    // Several inputs, several slices of channels, several blocks of outputs.
    { shapes: [[2, 3, 3, 4], [2, 3, 3, 68], [4, 20], [68, 20]], params: { ...plain, relu: true } },
    { shapes: [[2, 3, 3, 130], [2, 3, 3, 3], [130, 18], [3, 18]], params: plain },
    // The halves of a factorised reduction.
    { shapes: [[2, 7, 5, 12], [12, 8]], params: { relu: true, stride: 2, shift: 0 } },
    { shapes: [[2, 7, 5, 12], [12, 8]], params: { relu: true, stride: 2, shift: 1 } },
    { shapes: [[2, 6, 4, 3], [3, 6]], params: { relu: false, stride: 2, shift: 1 } },
    { shapes: [[1, 3, 4, 8], [8, 4]], params: { relu: false, stride: 1, shift: 1 } },
    { shapes: [[2, 7, 7, 4], [4, 9]], params: { relu: true, stride: 2, shift: 1 } },
    // Spans of the weight gradient that continue in the next image.
    { shapes: [[40, 5, 5, 4], [4, 4]], params: { relu: false, stride: 2, shift: 1 } },
    // Pixels that no output reads on all sides; slices of channels that are added pixel by pixel.
    { shapes: [[1, 8, 7, 4], [4, 8]], params: { relu: true, stride: 3, shift: 4 } },
    { shapes: [[1, 5, 4, 4], [4, 68]], params: { relu: true, stride: 2, shift: 1 } },
  ],
});

/** Which pixels `pointwise` reads. */
export interface PointwiseOptions {
  /** Default 1; `shift` defaults to 0. */
  stride?: number;
  /** Output pixel (i, j) reads input pixel (stride · i + shift, stride · j + shift). */
  shift?: number;
}

/**
 * 1×1 convolution summed over several inputs, which is the 1×1 convolution of their concatenation: inputs
 * [n, h, w, ci] (each its own ci) with weights [ci, co] to [n, ⌈h / stride⌉, ⌈w / stride⌉, co]. Matrices
 * [n, ci] count as images of one pixel. Reads zero outside the image. No bias.
 */
export const pointwise = (
  xs: readonly Value[],
  ws: readonly Value[],
  { stride = 1, shift = 0 }: PointwiseOptions = {},
): Value => apply(op, [...xs, ...ws], { stride, shift })[0];
