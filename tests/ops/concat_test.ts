import assert from "node:assert/strict";
import { run } from "../../src/autodiff/run.ts";
import { Tape } from "../../src/autodiff/tape.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { concat, matmul } from "../../src/ops/mod.ts";

const gpu = await Gpu.open();

Deno.test("a tensor that is concatenated with itself gets the sum of its gradients", async () => {
  const tape = new Tape();
  const one = tape.input([1, 2], { tensor: gpu.upload(Float32Array.of(1, 1)), wantsGrad: true });
  const other = tape.input([1, 1], { tensor: gpu.upload(Float32Array.of(1)), wantsGrad: true });
  const weights = tape.input([5, 1], { tensor: gpu.upload(Float32Array.of(1, 2, 10, 20, 40)) });
  const loss = matmul(concat([one, one, other]), weights);
  const result = run(gpu, tape, { outputs: [loss], loss });
  const [value, dOne, dOther] = await gpu.read([
    result.of(loss),
    result.gradient(one),
    result.gradient(other),
  ]);
  assert.deepEqual([...value], [73]);
  assert.deepEqual([...dOne], [11, 22]);
  assert.deepEqual([...dOther], [40]);
});
