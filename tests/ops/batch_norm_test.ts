import assert from "node:assert/strict";
import { checkOp, relativeError, testData } from "../../src/autodiff/gradcheck.ts";
import { registry } from "../../src/autodiff/op.ts";
import { run } from "../../src/autodiff/run.ts";
import { type Param, paramValue, Tape } from "../../src/autodiff/tape.ts";
import { Gpu } from "../../src/gpu/device.ts";
import type { Tensor } from "../../src/gpu/tensor.ts";
import { batchNorm, type BatchNormOptions } from "../../src/ops/batch_norm.ts";

const gpu = await Gpu.open();
const options: BatchNormOptions = {
  epsilon: 1e-5,
  decay: 0.9,
  mode: "batch",
  update: true,
  debias: true,
};

/** Parameters side by side in one slab, as in weight stores; the first at an odd offset if wanted. */
function slab(values: Record<string, number[]>, trainable: boolean, at = 64) {
  const data: number[] = Array(at).fill(7);
  const params: Record<string, Param> = {};
  const places: Record<string, number> = {};
  for (const [name, v] of Object.entries(values)) {
    places[name] = data.length;
    data.push(...v);
  }
  const memory = gpu.upload(Float32Array.from(data));
  const grads = gpu.upload(new Float32Array(data.length).fill(7));
  for (const [name, v] of Object.entries(values)) {
    const tensor: Tensor = { ...memory, shape: [v.length], offset: places[name] };
    const grad: Tensor = { ...grads, shape: [v.length], offset: places[name] };
    params[name] = { name, shape: [v.length], trainable, tensor, grad };
  }
  return params;
}

const range = (n: number, f: (i: number) => number) => Array.from({ length: n }, (_, i) => f(i));

/** Runs `body` with every kernel's variant of this index. */
async function inForm(index: number, body: () => Promise<void>): Promise<void> {
  const { tuning } = gpu;
  tuning.listener = (key) => tuning.choices = { ...tuning.choices, [key]: index };
  try {
    await body();
  } finally {
    tuning.listener = null;
    tuning.choices = {};
  }
}

for (const form of [0, 1, 2, 3]) {
  Deno.test(
    `batch norm in form ${form} keeps its precision where the mean is a thousand deviations`,
    () => inForm(form, keepsPrecision),
  );
}

async function keepsPrecision(): Promise<void> {
  const c = 8, m = 2500;
  const noise = testData(m * c, "real", 3);
  const x = Float32Array.from(noise, (v) => 100 + 0.17 * v);
  const { gamma, beta } = slab({ gamma: range(c, () => 1), beta: range(c, () => 0) }, true);
  const { running } = slab({ running: range(2 * c + 1, () => 0) }, false);
  const tape = new Tape();
  const y = batchNorm(
    tape.input([m, c], { tensor: gpu.upload(x, [m, c]) }),
    paramValue(gamma),
    paramValue(beta),
    paramValue(running),
    { ...options, epsilon: 1e-9 },
  );
  const [got, stats] = await gpu.read([run(gpu, tape, { outputs: [y] }).of(y), running.tensor!]);
  for (let ch = 0; ch < c; ch++) {
    const column = [...x].filter((_, i) => i % c === ch);
    const mean = column.reduce((a, b) => a + b, 0) / m;
    const m2 = column.reduce((a, b) => a + (b - mean) ** 2, 0);
    const want = column.map((v) => (v - mean) / Math.sqrt(m2 / m + 1e-9));
    const error = relativeError([...got].filter((_, i) => i % c === ch), want);
    // A float32 mean of 100 is off by up to 4e-6, which is 4e-5 deviations.
    assert.ok(error < 1e-4, `channel ${ch} is off by ${error}`);
    assert.ok(Math.abs(stats[c + ch] / (0.1 * m2 / (m - 1)) - 1) < 1e-4);
  }
}

Deno.test("batch norm of a channel that is constant but for its first pixels is right", async () => {
  const c = 68, m = 1 << 16;
  const x = new Float32Array(m * c);
  // Pixels that are the first ones of an invocation, in a channel group's work-group of any size.
  for (let i = 0; i < 8 * c; i++) x[i] = 10 + 0.37 * (i % c);
  const { gamma, beta } = slab({ gamma: range(c, () => 1), beta: range(c, () => 0) }, true);
  const tape = new Tape();
  const y = batchNorm(
    tape.input([m, c], { tensor: gpu.upload(x, [m, c]) }),
    paramValue(gamma),
    paramValue(beta),
    null,
    { ...options, update: false },
  );
  const [got] = await gpu.read([run(gpu, tape, { outputs: [y] }).of(y)]);
  const want = Math.sqrt(m / 8 - 1);
  for (let ch = 0; ch < c; ch++) {
    assert.ok(Math.abs(got[ch] / want - 1) < 0.01, `channel ${ch} is ${got[ch]}, not ${want}`);
  }
});

for (const form of [0, 1, 2, 3]) {
  Deno.test(
    `batch norm in form ${form} is right in several runs of pixels and an odd number of channel groups`,
    () =>
      inForm(form, async () => {
        const op = registry.find((o) => o.name === "batch_norm")!;
        for (const channels of [3, 20, 36]) {
          const x = [3, 9, 13, channels];
          const { forward, backward } = await checkOp(gpu, op, {
            shapes: [x, [channels], [channels], [2 * channels + 1]],
            params: { ...options, relu: true },
            inputs: ["real", "positive", "real", "positive"],
          });
          assert.ok(forward < 1e-4 && backward! < 1e-4, `off by ${forward} and ${backward}`);
        }
      }),
  );
}

for (const at of [64, 67]) {
  Deno.test(`batch norm finds its weights and gradients in a shared slab from element ${at}`, async () => {
    const c = 4, n = 6;
    const { gamma, beta } = slab({ gamma: [1, 2, 3, 4], beta: [5, 6, 7, 8] }, true, at);
    const tape = new Tape();
    const x = tape.input([n, c], {
      tensor: gpu.upload(Float32Array.from(testData(n * c, "real", 5)), [n, c]),
    });
    const y = batchNorm(x, paramValue(gamma), paramValue(beta), null, {
      ...options,
      update: false,
    });
    // Batch statistics make the mean of each channel beta, whatever x is.
    const sum = batchNorm(y, paramValue(gamma), paramValue(beta), null, {
      ...options,
      update: false,
    });
    const result = run(gpu, tape, { outputs: [y, sum] });
    const [first, second] = await gpu.read([result.of(y), result.of(sum)]);
    for (const values of [first, second]) {
      for (let ch = 0; ch < c; ch++) {
        const mean = [...values].filter((_, i) => i % c === ch).reduce((a, b) => a + b, 0) / n;
        assert.ok(Math.abs(mean - (5 + ch)) < 1e-5, `mean of channel ${ch} is ${mean}`);
      }
    }
  });
}

Deno.test("gradients of gamma and beta that share a buffer land next to each other only", async () => {
  const c = 3, n = 5;
  const { gamma, beta } = slab({ gamma: [1, 2, 3], beta: [0, 0, 0] }, true);
  const dy = Float32Array.from(testData(n * c, "real", 8));
  const x = Float32Array.from(testData(n * c, "real", 9));
  const op = registry.find((o) => o.name === "batch_norm")!;
  const io = {
    inputs: [gpu.upload(x, [n, c]), gamma.tensor!, beta.tensor!],
    out: [gpu.empty([n, c])],
    saved: [gpu.empty([4 * c])],
    params: { ...options, update: false },
  };
  op.forward(gpu, io);
  const backward = op.backward as (gpu: Gpu, io: unknown) => void;
  const grad = (p: Param, accumulate: boolean) => ({ tensor: p.grad!, accumulate });
  const whole = { ...gamma.grad!, shape: [70], offset: 0 };
  backward(gpu, { ...io, dy: [gpu.upload(dy)], dx: [null, grad(gamma, false), grad(beta, false)] });
  const [once] = await gpu.read([whole]);
  backward(gpu, { ...io, dy: [gpu.upload(dy)], dx: [null, grad(gamma, true), grad(beta, false)] });
  const [twice] = await gpu.read([whole]);
  assert.deepEqual([...once.slice(0, 64)], Array(64).fill(7));
  for (let ch = 0; ch < c; ch++) {
    const sum = range(n, (i) => dy[i * c + ch]).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(once[67 + ch] - sum) < 1e-5);
    assert.equal(twice[67 + ch], once[67 + ch]);
    assert.equal(twice[64 + ch], Math.fround(2 * once[64 + ch]));
    assert.notEqual(once[64 + ch], 7);
  }
});

Deno.test("running statistics follow TensorFlow's zero-debiased average and start at (0, 1)", async () => {
  const n = 4;
  const { gamma, beta } = slab({ gamma: [1], beta: [0] }, true);
  const { running } = slab({ running: [0, 0, 0] }, false);
  const normalised = async (values: number[], o: Partial<BatchNormOptions>) => {
    const tape = new Tape();
    const x = tape.input([n, 1], { tensor: gpu.upload(Float32Array.from(values), [n, 1]) });
    const y = batchNorm(x, paramValue(gamma), paramValue(beta), paramValue(running), {
      ...options,
      epsilon: 0,
      ...o,
    });
    const [got] = await gpu.read([run(gpu, tape, { outputs: [y] }).of(y)]);
    return got;
  };
  const reading = { mode: "running", update: false } as const;
  assert.deepEqual([...await normalised([3, 1, 0, -2], reading)], [3, 1, 0, -2]);
  await normalised([1, 2, 3, 6], {});
  await normalised([0, 0, 4, 4], {});
  const mean = (0.9 * 0.1 * 3 + 0.1 * 2) / (1 - 0.81);
  const variance = (0.9 * 0.1 * (14 / 3) + 0.1 * (16 / 3)) / (1 - 0.81);
  const got = await normalised([3, 1, 0, -2], reading);
  const want = [3, 1, 0, -2].map((v) => (v - mean) / Math.sqrt(variance));
  assert.ok(relativeError(got, want) < 1e-5, `${[...got]} instead of ${want}`);
  const [stored] = await gpu.read([running.tensor!]);
  assert.equal(stored[2], 2);
});

Deno.test("batch norm refuses shapes and modes that do not fit", () => {
  const tape = new Tape();
  const x = tape.input([2, 3]), c = tape.input([3]), two = tape.input([2]);
  assert.throws(() => batchNorm(x, two, c, null, options), /Cannot apply batch_norm: got \[2,3\]/);
  assert.throws(() => batchNorm(x, c, c, null, options), /expected .*\[2c\+1\]/);
});
