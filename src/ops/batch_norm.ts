import {
  type Case,
  defineOp,
  expectShape,
  numel,
  type Shape,
  type Shapes,
} from "../autodiff/op.ts";
import { apply, type Value } from "../autodiff/tape.ts";
import { backward, type BatchNormParams, forward } from "./batch_norm_passes.ts";
import { sameShape } from "./shapes.ts";

/** Constants of `batchNorm`, and which statistics it uses and updates. */
export type BatchNormOptions = Omit<BatchNormParams, "relu">;

function shapes(
  [x, gamma, beta, running]: readonly Shape[],
  { mode, update }: BatchNormParams,
): Shapes {
  const c = x[x.length - 1];
  const used = mode === "running" || update;
  expectShape(
    x.length >= 2 && gamma.length === 1 && gamma[0] === c && beta.length === 1 &&
      beta[0] === c && (running ? numel(running) === 2 * c + 1 : !used) &&
      !(mode === "running" && update),
    "batch_norm",
    running ? [x, gamma, beta, running] : [x, gamma, beta],
    `[…,c], [c], [c]${used ? ", [2c+1]" : ""} and no update in mode "running"`,
  );
  return { out: [x], saved: [[4 * c]] };
}

function reference(
  [x, gamma, beta, running]: readonly Float64Array[],
  [, [c]]: readonly Shape[],
  { epsilon, decay, mode, update, debias, relu }: BatchNormParams,
): Float64Array[] {
  const m = x.length / c;
  const after = running?.slice();
  const y = new Float64Array(x.length);
  for (let ch = 0; ch < c; ch++) {
    let mean = 0, variance = 0;
    if (mode === "running") {
      const seen = debias ? 1 - decay ** running[2 * c] : 1;
      mean = running[ch] / seen;
      variance = running[c + ch] / seen;
    } else {
      for (let i = ch; i < x.length; i += c) mean += x[i] / m;
      for (let i = ch; i < x.length; i += c) variance += (x[i] - mean) ** 2 / m;
    }
    if (update) {
      after[ch] = decay * running[ch] + (1 - decay) * mean;
      after[c + ch] = decay * running[c + ch] + (1 - decay) * variance * m / Math.max(m - 1, 1);
    }
    for (let i = ch; i < x.length; i += c) {
      const v = (x[i] - mean) / Math.sqrt(variance + epsilon) * gamma[ch] + beta[ch];
      y[i] = relu ? Math.max(v, 0) : v;
    }
  }
  if (update) after[2 * c] += 1;
  return after ? [y, after] : [y];
}

const plain: BatchNormParams = {
  epsilon: 1e-3,
  decay: 0.9,
  mode: "batch",
  update: false,
  debias: false,
};
const cases: Case<BatchNormParams>[] = ([
  [[9, 1], {}],
  [[2, 5, 7, 3], { update: true }],
  [[2, 3, 5, 36], { update: true, debias: true, relu: true }],
  [[70, 8], { relu: true }],
  // Fewer pixels than lanes.
  [[3, 12], {}],
  [[3, 9, 7, 4], { mode: "running", relu: true }],
  [[2, 3, 3, 5], { mode: "running", debias: true }],
  [[1, 29, 31, 4], { update: true }],
  // Runs of several blocks and a rest.
  [[37, 1023], {}],
  [[11, 20], { epsilon: 1e-5, decay: 0.99, update: true }],
] as [number[], Partial<BatchNormParams>][]).map(([x, options]) => {
  const c = x[x.length - 1];
  const running = options.update || options.mode === "running";
  return {
    shapes: running ? [x, [c], [c], [2 * c + 1]] : [x, [c], [c]],
    params: { ...plain, ...options },
    inputs: ["real", "positive", "real", "positive"],
  };
});

/** The same with an addend after x. */
const sumOp = defineOp<BatchNormParams>({
  name: "batch_norm_plus",
  shapes: ([x, plus, ...rest], params) => {
    expectShape(sameShape(x, plus), "batch_norm_plus", [x, plus], "two equal shapes");
    return shapes([x, ...rest], params);
  },
  forward: (rec, { inputs: [x, plus, ...rest], ...io }) =>
    forward(rec, { ...io, inputs: [x, ...rest] }, plus),
  backward: (rec, { inputs: [x, , ...rest], dx: [dx, , ...weights], ...io }) =>
    backward(rec, { ...io, inputs: [x, ...rest], dx: [dx, ...weights] }),
  handsOver: [1],
  reads: { out: false },
  mutates: [4],
  reference: ([x, plus, ...rest], [shape, , ...others], params) => {
    const [y, ...state] = reference([x, ...rest], [shape, ...others], params);
    return [y.map((v, i) => v + plus[i]), ...state];
  },
  cases: cases.map(({ shapes: [x, ...rest], params }) => ({
    shapes: [x, x, ...rest],
    params,
    inputs: ["real", "real", "positive", "real", "positive"],
  })),
});

const op = defineOp<BatchNormParams>({
  name: "batch_norm",
  normalises: true,
  shapes,
  forward,
  backward,
  reads: { out: false },
  mutates: [3],
  absorbs: { reluOfOutput: (params) => ({ ...params, relu: true }), sum: sumOp },
  reference,
  cases,
});

/**
 * Batch normalisation over all axes but the last of x […,c] (Ioffe and Szegedy 2015), by gamma [c] and
 * beta [c]. `running` [2c+1] holds the averaged mean, the averaged unbiased variance and the number of
 * updates; it is needed in mode "running" and for updates.
 */
export const batchNorm = (
  x: Value,
  gamma: Value,
  beta: Value,
  running: Value | null,
  options: BatchNormOptions,
): Value => apply(op, running ? [x, gamma, beta, running] : [x, gamma, beta], options)[0];
