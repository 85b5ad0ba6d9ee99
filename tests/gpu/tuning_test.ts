import assert from "node:assert/strict";
import fillWgsl from "../../kernels/fill.wgsl" with { type: "text" };
import { DataError } from "../../src/common/errors.ts";
import { digestOf, Gpu, kernel, Stopwatch, Tuning } from "../../src/gpu/mod.ts";

const gpu = await Gpu.open({ timestamps: "if-there" });
const fillKernel = kernel("fill", fillWgsl);

Deno.test("without a measurement the first candidate is taken, with one the measured", () => {
  const tuning = new Tuning();
  assert.equal(tuning.choose("a", [4, 8]), 4);
  tuning.use({ a: { index: 1, among: digestOf([4, 8]) } }, "the tuning");
  assert.equal(tuning.choose("a", [4, 8]), 8);
  assert.equal(tuning.choose("b", [4, 8]), 4);
});

Deno.test("a choice that was made among other candidates is refused", () => {
  const tuning = new Tuning();
  tuning.use({ a: { index: 1, among: digestOf([4, 8]) } }, "runs/x/tuning.json");
  assert.throws(
    () => tuning.choose("a", [4, 16]),
    (e: Error) =>
      e instanceof DataError && /Cannot use runs\/x\/tuning\.json.* for a /.test(e.message),
  );
  tuning.choices = { a: 2 };
  assert.throws(() => tuning.choose("a", [4, 8]), /Cannot use variant 2 of a: expected 0 … 1/);
});

Deno.test("asking for the questions of some work records nothing", async () => {
  const y = gpu.empty([1]);
  const before = gpu.counters.dispatches;
  const asked = gpu.questions(() => {
    gpu.run(fillKernel, { y }, { n: 1, value: gpu.tuning.choose("value", [3, 4]) }, 1);
  });
  assert.deepEqual([...asked], [["value", [3, 4]]]);
  assert.equal(gpu.counters.dispatches, before);
  assert.equal((await gpu.read([y]))[0][0], 0);
  gpu.run(fillKernel, { y }, { n: 1, value: 5 }, 1);
  assert.equal((await gpu.read([y]))[0][0], 5);
});

for (const timestamps of ["if-there", false] as const) {
  Deno.test(`a stopwatch ${timestamps ? "on" : "off"} the device's clock tells more work from less`, async () => {
    const on = await Gpu.open({ timestamps });
    const watch = await Stopwatch.start(on);
    const y = on.empty([1 << 20]);
    const works = [1 << 14, 1 << 20].map((n) => () =>
      on.run(fillKernel, { y }, { n, value: 1 }, n)
    );
    const estimates = [await watch.estimate(works[0]), await watch.estimate(works[1])];
    const best = [Infinity, Infinity];
    for (let i = 0; i < 3; i++) {
      (await watch.sample(works, estimates)).forEach((ms, k) => best[k] = Math.min(best[k], ms));
    }
    const all = await watch.around(async () => {
      works[1]();
      await on.read([{ ...y, shape: [1] }]);
      works[1]();
      await on.read([{ ...y, shape: [1] }]);
    });
    await watch.stop();
    on.close();
    assert.ok(all > 1.5 * best[1], `${all} ms in two submissions, ${best[1]} ms in one`);
    assert.ok(best[0] > 0 && best[1] > 2 * best[0], `${best} ms`);
    if (!timestamps) assert.equal(watch.precise, false);
  });
}
