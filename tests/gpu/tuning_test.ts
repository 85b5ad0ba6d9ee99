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

Deno.test("a stopwatch on the device's clock counts the time of every pass, and that of a sample by its work", async () => {
  const on = await Gpu.open({ timestamps: true });
  const watch = await Stopwatch.start(on);
  const { totals } = on.profile!;
  const y = on.empty([64]);
  const fills = (times: number) => () => {
    for (let i = 0; i < times; i++) on.run(fillKernel, { y }, { n: 64, value: i }, 64);
  };
  const spent = async (body: () => Promise<unknown>) => {
    const before = { ...totals };
    await body();
    return { passes: totals.passes - before.passes, ms: totals.passMs - before.passMs };
  };
  let all = 0;
  const { passes, ms } = await spent(async () => {
    all = await watch.around(async () => {
      for (let i = 0; i < 2; i++) {
        fills(1)();
        await on.read([y]);
      }
    });
  });
  assert.equal(passes, 2);
  assert.ok(all > 0 && Math.abs(all - ms) < 1e-9 * ms, `${all} ms, passes took ${ms} ms`);

  // A sample repeats its work until it takes about `sampleMs`; a piece of work is one pass.
  const counted = on.counters.dispatches;
  let samples: number[] = [];
  const sampled = await spent(async () =>
    samples = await watch.sample([fills(3), fills(1)], [0.5, 0.25], 2)
  );
  assert.equal(on.counters.dispatches - counted, 4 * 3 + 8 * 1);
  assert.equal(sampled.passes, 2);
  const sum = 4 * samples[0] + 8 * samples[1];
  assert.ok(samples.every((ms) => ms > 0) && Math.abs(sum - sampled.ms) < 1e-9 * sum, `${samples}`);

  // Each piece of work has its own time. What delays a pass only makes it longer, so the best of many counts.
  const big = on.empty([1 << 24]);
  const works = [
    fills(1),
    () => on.run(fillKernel, { y: big }, { n: 1 << 24, value: 1 }, 1 << 24),
  ];
  const best = [Infinity, Infinity];
  for (let round = 0; round < 50 && !(best[1] > 2 * best[0]); round++) {
    (await watch.sample(works, [1, 1], 4)).forEach((ms, i) => best[i] = Math.min(best[i], ms));
  }
  assert.ok(best[1] > 2 * best[0], `${best} ms`);
  await watch.stop();
  assert.equal(on.profile, null);
  on.close();
});

Deno.test("a stopwatch off the device's clock tells wall-clock time, and says so", async () => {
  const on = await Gpu.open();
  const watch = await Stopwatch.start(on);
  assert.equal(watch.precise, false);
  const y = on.empty([1 << 20]);
  const work = () => on.run(fillKernel, { y }, { n: 1 << 20, value: 1 }, 1 << 20);
  const counted = on.counters.dispatches;
  const start = performance.now();
  let inner = Infinity;
  const all = await watch.around(async () => {
    const begin = performance.now();
    work();
    await on.read([{ ...y, shape: [1] }]);
    inner = performance.now() - begin;
  });
  assert.ok(inner <= all && all <= performance.now() - start, `${inner}, ${all} ms`);
  const begin = performance.now();
  const [ms] = await watch.sample([work], [0.5], 2);
  assert.equal(on.counters.dispatches - counted, 1 + 4);
  assert.ok(ms >= 0 && 4 * ms <= performance.now() - begin, `${ms} ms`);
  await watch.stop();
  on.close();
});
