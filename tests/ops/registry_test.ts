import assert from "node:assert/strict";
import { checkOp } from "../../src/autodiff/gradcheck.ts";
import { inputDtype, registry } from "../../src/autodiff/op.ts";
import { Gpu } from "../../src/gpu/device.ts";
import "../../src/ops/mod.ts";

const gpu = await Gpu.open();
/** `DENAS_OP=conv2d deno test …` runs one op only. */
const only = Deno.env.get("DENAS_OP");

for (const op of registry.filter((o) => !only || o.name === only)) {
  Deno.test(`${op.name}: kernels agree with the float64 reference and its differences`, async () => {
    assert.ok(op.cases.length >= 6, `${op.name} has ${op.cases.length} cases, expected at least 6`);
    for (const c of op.cases) {
      const what = `${op.name} ${JSON.stringify(c.shapes)} ${JSON.stringify(c.params)}`;
      c.shapes.forEach((_, i) => {
        const integer = inputDtype(op, i) === "u32";
        if (integer) assert.equal(typeof c.inputs?.[i], "object", `${what}: input ${i} is uint32`);
      });
      const { forward, backward } = await checkOp(gpu, op, c);
      assert.ok(forward <= 1e-4, `${what}: values are off by ${forward}`);
      if (backward !== null) {
        assert.ok(backward <= 1e-4, `${what}: gradients are off by ${backward}`);
      }
    }
  });
}
