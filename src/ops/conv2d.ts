import { defineOp, expectShape, numel, type Shape } from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { convolveDw, convolveDx, convolveForward, LARGEST } from "./convolution.ts";

interface Params {
  stride: number;
  /** Apply max(x, 0) to the input. */
  relu?: boolean;
}

function shapes([x, w]: readonly Shape[], { stride }: Params): { out: Shape[] } {
  expectShape(
    x.length === 4 && w.length === 4 && w[0] === w[1] && w[2] === x[3] && w[0] <= LARGEST,
    "conv2d",
    [x, w],
    `an input [n, h, w, ci] and weights [k, k, ci, co], k at most ${LARGEST}`,
  );
  return { out: [[x[0], Math.ceil(x[1] / stride), Math.ceil(x[2] / stride), w[3]]] };
}

const test = (x: Shape, k: number, co: number, stride: number, relu: boolean) => ({
  shapes: [x, [k, k, x[3], co]],
  params: { stride, relu },
});

const op = defineOp<Params>({
  name: "conv2d",
  absorbs: { reluOfInputs: { at: () => [0], params: (params) => ({ ...params, relu: true }) } },
  shapes,
  forward: (rec, { inputs: [x, w], out: [y], params }) =>
    convolveForward(rec, { x, w, y, relu: false, ...params }),
  backward: (rec, { inputs: [x, w], dy: [dy], dx: [dx, dw], params }) => {
    const io = { x, w, dy: dy!, relu: false, ...params };
    if (dx) convolveDx(rec, io, dx);
    if (dw) convolveDw(rec, io, dw);
  },
  reads: { out: false },
  macs: ([x, w], params) => numel(shapes([x, w], params).out[0]) * w[0] * w[1] * w[2],
  reference: ([x, w], [xs, ws], params) => {
    const { stride, relu } = params;
    const [, h, wide, ci] = xs, [k, , , co] = ws;
    const [out] = shapes([xs, ws], params).out;
    const [top, left] = [h, wide].map((size) => {
      const total = Math.max((Math.ceil(size / stride) - 1) * stride + k - size, 0);
      return Math.floor(total / 2);
    });
    const y = new Float64Array(numel(out));
    let to = 0;
    for (let n = 0; n < xs[0]; n++) {
      for (let i = 0; i < out[1]; i++) {
        for (let j = 0; j < out[2]; j++, to += co) {
          for (let a = 0; a < k; a++) {
            for (let b = 0; b < k; b++) {
              const r = i * stride + a - top, c = j * stride + b - left;
              if (r < 0 || r >= h || c < 0 || c >= wide) continue;
              for (let m = 0; m < ci; m++) {
                const raw = x[((n * h + r) * wide + c) * ci + m];
                const v = relu ? Math.max(raw, 0) : raw;
                const from = ((a * k + b) * ci + m) * co;
                for (let o = 0; o < co; o++) y[to + o] += v * w[from + o];
              }
            }
          }
        }
      }
    }
    return [y];
  },
  cases: [
    test([2, 5, 7, 1], 3, 3, 1, false),
    test([2, 4, 7, 3], 3, 4, 1, true),
    test([1, 3, 9, 36], 3, 36, 1, true),
    test([1, 6, 8, 4], 5, 4, 1, false),
    test([2, 5, 7, 4], 1, 4, 1, true),
    test([2, 6, 7, 4], 2, 4, 1, true),
    test([2, 5, 6, 3], 4, 3, 1, false),
    // More channels than one staging holds; several groups of rows; tiles that overlap.
    test([1, 3, 4, 20], 8, 4, 1, false),
    test([5, 13, 28, 4], 3, 4, 1, false),
    test([1, 2, 35, 4], 3, 4, 1, false),
    test([1, 3, 37, 4], 3, 4, 2, true),
    test([1, 4, 38, 3], 3, 3, 2, true),
    test([2, 7, 8, 4], 2, 4, 3, false),
    // Blocks of output channels: as many as kernel rows; as many as input channels, the last one narrow.
    test([1, 3, 4, 4], 3, 24, 1, false),
    test([1, 3, 4, 2], 3, 9, 1, true),
    // Few input channels: pixels and blocks of output channels that are left over.
    test([2, 5, 9, 3], 3, 36, 2, true),
    test([1, 4, 5, 1], 5, 4, 1, false),
    // One row, which needs no splits.
    test([1, 1, 6, 4], 3, 8, 1, true),
    // Images left over; channels left over.
    test([11, 2, 4, 4], 3, 4, 1, true),
    test([1, 3, 5, 12], 3, 12, 1, false),
    // A stride whose phases have different taps; phases without any.
    test([1, 7, 9, 4], 5, 4, 2, true),
    test([1, 5, 7, 4], 1, 4, 3, false),
    // Enough channels for Winograd: tiles cut off, slices and blocks of channels left over.
    test([2, 4, 5, 68], 3, 68, 1, false),
    test([1, 5, 4, 72], 3, 84, 1, true),
    // A window that leaves the image on both sides.
    test([1, 2, 2, 4], 5, 4, 1, false),
  ],
});

/**
 * Convolution with TensorFlow's SAME padding, no bias: x [n, h, w, ci], w [k, k, ci, co] to
 * [n, ⌈h / stride⌉, ⌈w / stride⌉, co].
 */
export const conv2d = (x: Value, w: Value, { stride = 1 }: { stride?: number } = {}): Value =>
  apply(op, [x, w], { stride })[0];
