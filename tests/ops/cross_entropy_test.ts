import assert from "node:assert/strict";
import { run } from "../../src/autodiff/run.ts";
import { Tape } from "../../src/autodiff/tape.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { sigmoidCrossEntropy, softmaxCrossEntropy } from "../../src/ops/mod.ts";

const gpu = await Gpu.open();

Deno.test("examples of weight 0 neither count as correct nor move a logit", async () => {
  const tape = new Tape();
  const logits = tape.input([3, 2], {
    tensor: gpu.upload(Float32Array.of(2, 1, 2, 1, 1, 1)),
    wantsGrad: true,
  });
  const labels = tape.input([3], { tensor: gpu.upload(new Uint32Array(3)) });
  const weights = tape.input([3], { tensor: gpu.upload(Float32Array.of(1, 0, 1)) });
  const [loss, losses, hits] = softmaxCrossEntropy(logits, labels, weights);
  const result = run(gpu, tape, { outputs: [losses, hits], loss });
  const [all, [correct], gradient] = await gpu.read([
    result.of(losses),
    result.of(hits),
    result.gradient(logits),
  ]);
  // The third example is a tie: its first maximum is class 0.
  assert.equal(correct, 2);
  assert.ok(Math.abs(all[1] - Math.log(1 + Math.exp(-1))) < 1e-6);
  assert.ok(gradient.subarray(2, 4).every((g) => g === 0));
  assert.ok(Math.abs(gradient[4] + 1 / 6) < 1e-6);
});

Deno.test("losses stay finite and exact for logits of a hundred", async () => {
  const tape = new Tape();
  const logits = tape.input([2, 2], { tensor: gpu.upload(Float32Array.of(100, -100, -100, 100)) });
  const labels = tape.input([2], { tensor: gpu.upload(Uint32Array.of(1, 1)) });
  const targets = tape.input([2, 2], { tensor: gpu.upload(Float32Array.of(0, 1, 0, 1)) });
  const softmax = softmaxCrossEntropy(logits, labels);
  const sigmoid = sigmoidCrossEntropy(logits, targets);
  const outputs = [softmax[1], sigmoid[1], sigmoid[2]];
  const result = run(gpu, tape, { outputs });
  const read = await gpu.read(outputs.map((v) => result.of(v)));
  assert.deepEqual(read.map((r) => [...r]), [[200, 0], [100, 0], [1]]);
});

Deno.test("a logit of 0 counts as yes", async () => {
  const tape = new Tape();
  const logits = tape.input([2, 1], { tensor: gpu.upload(Float32Array.of(0, 0)) });
  const targets = tape.input([2, 1], { tensor: gpu.upload(Float32Array.of(1, 0)) });
  const [, , hits] = sigmoidCrossEntropy(logits, targets);
  const result = run(gpu, tape, { outputs: [hits] });
  assert.equal((await gpu.read([result.of(hits)]))[0][0], 1);
});
