import { assert, assertEquals, assertThrows } from "@std/assert";
import { run, Tape } from "../../src/autodiff/mod.ts";
import { AdapterError } from "../../src/common/errors.ts";
import { Gpu, Profile, type Span } from "../../src/gpu/mod.ts";
import { tickOf } from "../../src/gpu/profile.ts";
import { conv2d, matmul } from "../../src/ops/mod.ts";

/** A tape whose work is long enough to be seen on a wall clock. */
function record(gpu: Gpu): void {
  const x = gpu.upload(new Float32Array(64 * 28 * 28 * 16).fill(1), [64, 28, 28, 16]);
  const w = gpu.upload(new Float32Array(5 * 5 * 16 * 16).fill(0.1), [5, 5, 16, 16]);
  const tape = new Tape();
  const weights = tape.input(w.shape, { tensor: w });
  let value = tape.input(x.shape, { tensor: x });
  for (let i = 0; i < 4; i++) value = tape.scope(`layer${i}`, () => conv2d(value, weights));
  run(gpu, tape, { outputs: [value] });
}

Deno.test("a tick is a nanosecond where delays explain the difference, else what the probes measure", () => {
  // Submission, start on the device and read-back of each probe, in milliseconds.
  const quiet = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]];
  const late = [[0, 19, 20], [21, 22, 23], [24, 25, 26], [27, 28, 29]];
  const later = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 28, 29]];
  const ticksOf = (times: number[][], perMs: number) =>
    times.map(([submitted, start, read]) => ({ submitted, ticks: 7e9 + start * perMs, read }));
  for (const times of [quiet, late, later]) {
    assertEquals(tickOf(ticksOf(times, 1e6)), 1e-6);
    for (const perMs of [1e5, 24_000, 12_000]) {
      const tick = tickOf(ticksOf(times, perMs));
      assert(Math.abs(tick * perMs - 1) < 0.25, `${tick} for ${1 / perMs}`);
    }
  }
  assertEquals(tickOf(ticksOf([[0, 0, 1], [2, 0, 3]], 1e6)), 1e-6, "a clock that stands still");
});

Deno.test("a profile times every dispatch, within the spans and the time of its submission", async () => {
  const gpu = await Gpu.open({ timestamps: true });
  record(gpu);
  await gpu.read([gpu.zeros([1])]); // Compiled now, and nothing is in flight.
  const spans: Span[] = [];
  const beginning = performance.now();
  const profile = gpu.profile = await Profile.start(gpu.device, { sink: (s) => spans.push(s) });
  // The clocks differ by no more than the shortest time that matching them once took.
  const slack = performance.now() - beginning;
  const before = { dispatches: gpu.counters.dispatches, now: performance.now() };
  profile.begin("step", { architecture: "0 1 2" });
  record(gpu);
  await gpu.read([gpu.zeros([1])]);
  profile.end();
  const wall = performance.now() - before.now;
  gpu.profile = null;
  await profile.drain();
  const kernels = spans.filter((s) => s.track === "device");
  assertEquals(kernels.length, gpu.counters.dispatches - before.dispatches);
  const scopes = [...new Set(kernels.map((k) => k.args?.scope))];
  assertEquals(scopes, [0, 1, 2, 3].map((i) => `layer${i}`));
  assert(kernels.every((k) => k.name === "conv2d" && k.args?.architecture === "0 1 2"));
  const sum = kernels.reduce((total, k) => total + k.ms, 0);
  assertEquals(profile.totals.passes, kernels.length);
  assert(Math.abs(profile.totals.passMs - sum) < 1e-6);
  // The device has nothing else to do; the rest of the time is upload, recording and the read-back.
  assert(sum < wall && sum > 0, `${sum} ms of kernels in ${wall} ms`);
  const submit = spans.find((s) => s.name === "submit")!;
  for (const [i, { startMs, ms }] of kernels.entries()) {
    assert(startMs >= submit.startMs - slack && startMs + ms <= before.now + wall + slack);
    if (i) assert(startMs >= kernels[i - 1].startMs + kernels[i - 1].ms - 1e-3);
  }
  const dispatches = gpu.counters.dispatches;
  record(gpu);
  await gpu.read([gpu.zeros([1])]);
  assertEquals(gpu.counters.dispatches, dispatches + kernels.length);
  assertEquals(spans.filter((s) => s.track === "device").length, kernels.length);
  gpu.close();
});

Deno.test("whole passes are one span each, and more dispatches than one query set holds are all timed", async () => {
  const gpu = await Gpu.open({ timestamps: true });
  const spans: Span[] = [];
  const sink = (s: Span) => void spans.push(s);
  const x = gpu.upload(new Float32Array(16), [4, 4]);
  const tape = new Tape();
  const value = tape.input(x.shape, { tensor: x });
  const product = matmul(value, value);
  for (const wholePasses of [true, false]) {
    spans.length = 0;
    const profile = gpu.profile = await Profile.start(gpu.device, { sink, wholePasses });
    for (let i = 0; i < 2100; i++) run(gpu, tape, { outputs: [product] });
    gpu.submit();
    await profile.drain();
    gpu.profile = null;
    const timed = spans.filter((s) => s.track === "device");
    assertEquals(timed.length, wholePasses ? 1 : 2100);
    assert(timed.every((s) => s.ms > 0));
  }
  gpu.close();
});

Deno.test("a device without timestamps cannot be profiled, and spans must be open to be ended", async () => {
  const plain = await Gpu.open();
  const refused = await Profile.start(plain.device, { sink: () => {} }).catch((e) => e);
  assert(refused instanceof AdapterError);
  plain.close();
  const gpu = await Gpu.open({ timestamps: true });
  const profile = await Profile.start(gpu.device, { sink: () => {} });
  assertThrows(() => profile.end(), /none is open/);
  gpu.close();
});
