/** Winograd variant of the 3 × 3 convolution, where not all images fit into its memory at once. */
import assert from "node:assert/strict";
import { Gpu } from "../../src/gpu/mod.ts";
import { convolveDx, convolveForward } from "../../src/ops/convolution.ts";

const gpu = await Gpu.open();
const shape = [9, 31, 32, 68];
const size = shape.reduce((a, b) => a * b);
const values = (n: number, first: number) =>
  Float32Array.from({ length: n }, (_, i) => ((first + i) * 0.618034) % 1 - 0.5);

Deno.test("Winograd's form takes many images in turns, and gives what the plain one does", async () => {
  const x = gpu.upload(values(size, 1), shape), dy = gpu.upload(values(size, 7), shape);
  const w = gpu.upload(values(9 * 68 * 68, 3), [3, 3, 68, 68]);
  const y = gpu.empty(shape), dx = gpu.empty(shape);
  const record = () => {
    convolveForward(gpu, { x, w, y, stride: 1, relu: true });
    convolveDx(gpu, { x, w, dy, stride: 1, relu: true }, { tensor: dx, accumulate: true });
  };
  const [[key, forms], ...others] = gpu.questions(record);
  assert.deepEqual(others, []);
  const chosen = [0, 1].map((index) => {
    gpu.write(dx, values(size, 5));
    gpu.tuning.choices = { [key]: index };
    record();
    return gpu.read([y, dx]);
  });
  gpu.tuning.choices = {};
  assert.equal(forms.slice(0, 2).filter((form) => "winograd" in (form as object)).length, 1);
  const [one, two] = await Promise.all(chosen);
  one.forEach((all, i) => {
    const most = all.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
    const off = all.reduce((a, v, j) => Math.max(a, Math.abs(v - two[i][j])), 0);
    assert.ok(most > 0.1 && off <= 1e-5 * most, `${off} of ${most}`);
  });
});
