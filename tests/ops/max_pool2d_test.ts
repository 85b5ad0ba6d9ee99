import assert from "node:assert/strict";
import { registry } from "../../src/autodiff/op.ts";
import { Gpu } from "../../src/gpu/device.ts";
import "../../src/ops/max_pool2d.ts";
import { axis } from "../../src/ops/tiling.ts";
import { hash } from "../../src/common/random.ts";

const gpu = await Gpu.open();
const op = registry.find((o) => o.name === "max_pool2d")!;

for (const [c, k, stride] of [[4, 3, 1], [4, 5, 1], [3, 3, 1], [4, 3, 2], [4, 2, 2]]) {
  Deno.test(`of equal cells the first gets the gradient: ${c} channels, window ${k}, stride ${stride}`, async () => {
    const size = 7;
    const { out, before } = axis(size, k, stride, "same");
    const x = Float32Array.from({ length: size * size * c }, (_, i) => hash(1, 2, k, i) % 2);
    const dy = Float32Array.from({ length: out * out * c }, (_, i) => 1 + hash(1, 3, k, i) % 16);
    const want = new Float32Array(x.length);
    for (let i = 0; i < dy.length; i++) {
      const ch = i % c, top = Math.floor(i / c / out) * stride - before;
      const left = Math.floor(i / c) % out * stride - before;
      let first = -1;
      for (let cell = 0; cell < k * k; cell++) {
        const iy = top + Math.floor(cell / k), ix = left + cell % k;
        if (iy < 0 || iy >= size || ix < 0 || ix >= size) continue;
        const at = (iy * size + ix) * c + ch;
        if (first < 0 || x[at] > x[first]) first = at;
      }
      want[first] += dy[i];
    }
    const shape = [1, size, size, c];
    const params = { k, stride, padding: "same" };
    const shapes = op.shapes([shape], params);
    const io = {
      inputs: [gpu.upload(x, shape)],
      out: shapes.out.map((s) => gpu.empty(s)),
      saved: shapes.saved!.map((s) => gpu.empty(s)),
      params,
    };
    op.forward(gpu, io);
    const tensor = gpu.empty(shape);
    (op.backward as (gpu: Gpu, io: unknown) => void)(gpu, {
      ...io,
      dy: [gpu.upload(dy, shapes.out[0])],
      dx: [{ tensor, accumulate: false }],
    });
    const [got] = await gpu.read([tensor]);
    assert.deepEqual(got, want);
  });
}

Deno.test("a pool refuses a window that does not fit without padding", () => {
  assert.throws(
    () => op.shapes([[1, 4, 9, 4]], { k: 5, stride: 3, padding: "valid" }),
    /Cannot apply max_pool2d: got \[1,4,9,4\], expected at least 5 × 5 pixels/,
  );
});
