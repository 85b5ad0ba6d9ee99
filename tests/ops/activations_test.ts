/** Activations far from zero, where a formula that is right in the middle may overflow. */
import assert from "node:assert/strict";
import { run, Tape, type Value } from "../../src/autodiff/mod.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { gelu, hardSwish, matmul, mish, silu } from "../../src/ops/mod.ts";

const gpu = await Gpu.open();
const far = [-1e30, -1e4, -90, -20, 20, 90, 1e4, 1e30];

const activations: Record<string, (x: Value) => Value> = { gelu, hardSwish, mish, silu };

/** Values, and gradients of their sum. */
async function apply(f: (x: Value) => Value, values: number[]): Promise<[number[], number[]]> {
  const n = values.length, tape = new Tape();
  const tensor = gpu.upload(Float32Array.from(values), [1, n]);
  const x = tape.input([1, n], { tensor, wantsGrad: true });
  const ones = tape.input([n, 1], { tensor: gpu.upload(new Float32Array(n).fill(1)) });
  const y = f(x);
  const result = run(gpu, tape, { outputs: [y], loss: matmul(y, ones) });
  const [value, slope] = await gpu.read([result.of(y), result.gradient(x)]);
  return [[...value], [...slope]];
}

for (const [name, f] of Object.entries(activations)) {
  Deno.test(`${name} far from zero is 0 on the left and x on the right, with slopes 0 and 1`, async () => {
    const [value, slope] = await apply(f, far);
    far.forEach((x, i) => {
      const want = x < 0 ? 0 : Math.fround(x);
      assert.ok(Math.abs(value[i] - want) <= 1e-6 * Math.max(1, want), `${x}: ${value[i]}`);
      assert.ok(Math.abs(slope[i] - Number(x > 0)) <= 1e-6, `${x}: slope ${slope[i]}`);
    });
  });

  Deno.test(`${name} passes NaN, forward and backward`, async () => {
    const [value, slope] = await apply(f, [NaN, 1]);
    assert.ok(Number.isNaN(value[0]) && Number.isNaN(slope[0]), `${value} ${slope}`);
    assert.ok(value[1] > 0.5 && slope[1] > 0.5, `${value} ${slope}`);
  });
}
