import assert from "node:assert/strict";
import { testData } from "../../src/autodiff/gradcheck.ts";
import { numel, registry } from "../../src/autodiff/op.ts";
import { Gpu } from "../../src/gpu/device.ts";
import "../../src/ops/mod.ts";

const gpu = await Gpu.open();
/** `DENAS_OP=conv2d deno test …` runs one op only. */
const only = Deno.env.get("DENAS_OP");
/** The factors of these ops lie before their additive terms. */
const lastFactor: Record<string, number> = {
  batch_norm: 1,
  batch_norm_plus: 2,
  instance_norm: 1,
  instance_norm_plus: 2,
};
const fused = registry.filter((op) =>
  op.name === "relu" || op.cases.some((c) => (c.params as { relu?: boolean })?.relu)
);

for (const op of fused.filter((o) => !only || o.name === only)) {
  Deno.test(`${op.name}: ReLU lets no gradient through at exactly zero`, async () => {
    for (const c of op.cases) {
      if (op.name !== "relu" && !(c.params as { relu?: boolean }).relu) continue;
      const { out, saved = [] } = op.shapes(c.shapes, c.params);
      const inputs = c.shapes.map((shape, i) => {
        // Images and additive terms are zero, factors are not; what is added after the ReLU does not matter.
        const real = i > 0 && i <= (lastFactor[op.name] ?? i);
        const data = real ? testData(numel(shape), "positive", i) : new Float32Array(numel(shape));
        return gpu.upload(Float32Array.from(data), shape);
      });
      const io = {
        inputs,
        out: out.map((s) => gpu.empty(s)),
        saved: saved.map((s) => gpu.empty(s)),
        params: c.params,
      };
      op.forward(gpu, io);
      const dy = out.map((s) => gpu.upload(new Float32Array(numel(s)).fill(1), s));
      const tensor = gpu.upload(new Float32Array(numel(c.shapes[0])).fill(7), c.shapes[0]);
      const dx = c.shapes.map((_, i) => i ? null : { tensor, accumulate: false });
      (op.backward as (g: Gpu, io: unknown) => void)(gpu, { ...io, dy, dx });
      const [got] = await gpu.read([tensor]);
      assert.ok(got.every((v) => v === 0), `${op.name} ${JSON.stringify(c)}`);
    }
  });
}
