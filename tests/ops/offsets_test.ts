import assert from "node:assert/strict";
import { testData } from "../../src/autodiff/gradcheck.ts";
import { inputDtype, registry } from "../../src/autodiff/op.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { numel, type Tensor } from "../../src/gpu/tensor.ts";
import "../../src/ops/mod.ts";

const gpu = await Gpu.open();
/** Elements before a weight in its slab: no multiple of anything. */
const BEFORE = 71;

/** Ops that take parts of weights, and which input that is. */
const weightInputs: Record<string, number> = { bias_add: 1, embedding: 0, attend: 2, conv2d: 1 };

for (const [name, weight] of Object.entries(weightInputs)) {
  Deno.test(`${name} finds a weight and its gradient anywhere in a slab`, async () => {
    const op = registry.find((o) => o.name === name)!;
    const c = op.cases[3];
    const { out, saved = [] } = op.shapes(c.shapes, c.params);
    const words = numel(c.shapes[weight]);
    const inSlab = (tensor: Tensor): Tensor => {
      const slab = gpu.empty([BEFORE + words + 9]);
      const place = { ...tensor, buffer: slab.buffer, offset: BEFORE };
      gpu.copy(tensor, place);
      return place;
    };
    const compute = (place: (t: Tensor) => Tensor) => {
      const inputs = c.shapes.map((shape, i) => {
        const kind = c.inputs?.[i] ?? "real";
        const data = testData(numel(shape), kind, i);
        const integers = typeof kind === "object";
        const tensor = gpu.upload(
          integers ? Uint32Array.from(data) : Float32Array.from(data),
          shape,
        );
        return i === weight ? place(tensor) : tensor;
      });
      const io = {
        inputs,
        out: out.map((s) => gpu.empty(s)),
        saved: saved.map((s) => gpu.empty(s)),
        params: c.params,
      };
      op.forward(gpu, io);
      const dy = out.map((s) => gpu.upload(Float32Array.from(testData(numel(s), "real", 9)), s));
      const dx = c.shapes.map((shape, i) => {
        if (inputDtype(op, i) === "u32") return null;
        const tensor = gpu.upload(new Float32Array(numel(shape)).fill(0.5), shape);
        return { tensor: i === weight ? place(tensor) : tensor, accumulate: true };
      });
      (op.backward as (g: Gpu, io: unknown) => void)(gpu, { ...io, dy, dx });
      return [...io.out, ...dx.filter((g) => g !== null).map((g) => g.tensor)];
    };
    const plain = compute((t) => t);
    const placed = compute(inSlab);
    const all = await gpu.read([...plain, ...placed]);
    assert.deepEqual(all.slice(plain.length), all.slice(0, plain.length));
    const slab = placed.find((t) => t.offset === BEFORE)!;
    const [whole] = await gpu.read([{ ...slab, offset: 0, shape: [BEFORE + words + 9] }]);
    assert.ok(whole.subarray(0, BEFORE).every((v) => v === 0), "writes before the weight");
    assert.ok(whole.subarray(BEFORE + words).every((v) => v === 0), "writes after the weight");
  });
}
