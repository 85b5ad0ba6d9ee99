/** The tuner on made-up ops whose variants give the same result with more or less work. */
import assert from "node:assert/strict";
import fillWgsl from "../../kernels/fill.wgsl" with { type: "text" };
import type { OpSpec } from "../../src/autodiff/op.ts";
import { digestOf, Gpu, kernel } from "../../src/gpu/mod.ts";
import { loadedKernels } from "../../src/gpu/kernel.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../../src/nas/config/config.ts";
import { kernelsDigest } from "../../src/nas/tuning/kernels.ts";
import {
  merged,
  type OpPass,
  passesOfRetrain,
  passesOfSearch,
} from "../../src/nas/tuning/passes.ts";
import { compileForms } from "../../src/nas/tuning/compiling.ts";
import { Prepared } from "../../src/nas/tuning/prepared.ts";
import { formsOf } from "../../src/nas/tuning/questions.ts";
import { type Measured, tune, type TuneOptions, type Watch } from "../../src/nas/tuning/tuner.ts";

const gpu = await Gpu.open({ timestamps: "if-there" });
const fillKernel = kernel("fill", fillWgsl);
const size = 1 << 18;

interface Made {
  /** Distinguishes keys of the forward pass. */
  class?: string;
  /** Work of each variant, as repetitions, for the only key of each direction. */
  forward: number[];
  backward: number[];
}

const op: OpSpec<Made> = {
  name: "made",
  shapes: ([x]) => ({ out: [x] }),
  forward(on, { out: [y], params: { class: shape, forward } }) {
    const times = on.choose(shape ? `made ${shape}` : "made", forward);
    for (let i = 0; i < times; i++) on.run(fillKernel, { y }, { n: size, value: 1 }, size);
  },
  backward(on, { dx: [dx], params: { backward } }) {
    const { tensor: y } = dx!;
    if (on.choose("made_dx", ["plain", "cut"]) === "plain") {
      for (let i = 0; i < 64; i++) on.run(fillKernel, { y }, { n: size, value: 1 }, size);
    } else {
      const times = on.choose("made_dx cut", backward);
      for (let i = 0; i < times; i++) on.run(fillKernel, { y }, { n: size, value: 1 }, size);
    }
  },
  reference: ([x]) => [x],
  cases: [],
};

const pass = (kind: OpPass["kind"], params: Made, weight = 1): OpPass => ({
  op,
  shapes: [[size]],
  params,
  kind,
  dy: kind === "backward" ? [true] : [],
  dx: kind === "backward" ? [false] : [],
  times: 1,
  weight,
});

/** Takes the number of dispatches of a piece of work for its time, which no busy machine changes. */
const counting: Watch = {
  estimate: (work) => Promise.resolve(dispatchesOf(work)),
  sample: (works) => Promise.resolve(works.map(dispatchesOf)),
  stop: () => Promise.resolve(),
};

function dispatchesOf(work: () => void): number {
  const before = gpu.counters.dispatches;
  work();
  gpu.submit();
  return gpu.counters.dispatches - before;
}

/** Measures by the count of dispatches, without a time limit. */
async function collect(passes: OpPass[], options: Partial<TuneOptions> = {}) {
  const all: Measured[] = [];
  const fixed = { seconds: 1, clock: () => 0, watch: counting };
  for await (const one of tune(gpu, { passes, ...fixed, ...options })) all.push(one);
  return all;
}

Deno.test("the clearly fastest form is chosen, and says what it was chosen among", async () => {
  const [only] = await collect([pass("forward", { forward: [8, 16, 2, 8], backward: [1] })]);
  assert.equal(only.key, "made");
  assert.deepEqual(only.choice, { index: 2, among: digestOf([8, 16, 2, 8]) });
  assert.deepEqual([only.ms, only.before, only.after], [[8, 16, 2, 8], 8, 2]);
  assert.deepEqual([only.done, only.left], [1, 0]);
  assert.deepEqual(gpu.tuning.choices, {});
});

Deno.test("a device's own clock measures every form, and the device is left as it was", async () => {
  const [only] = await collect([pass("forward", { forward: [2, 1], backward: [1] })], {
    watch: undefined,
  });
  assert.equal(only.key, "made");
  assert.ok(only.ms.every((ms) => ms > 0) && only.before >= only.after, JSON.stringify(only));
  assert.equal(only.before, only.ms[0]);
  assert.deepEqual(gpu.tuning.choices, {});
  assert.equal(gpu.profile, null);
});

Deno.test("what makes no difference stays at the default", async () => {
  const [only] = await collect([pass("forward", { forward: [4, 5, 6], backward: [1] })]);
  assert.equal(only.choice.index, 0);
});

Deno.test("forms in float16 are tried only if that is asked for", async () => {
  const candidates = [{ times: 8, HALF: false }, { times: 1, HALF: true }];
  const halving: OpSpec<Made> = {
    ...op,
    forward(on, { out: [y] }) {
      const { times } = on.choose("halving", candidates);
      for (let i = 0; i < times; i++) on.run(fillKernel, { y }, { n: size, value: 1 }, size);
    },
  };
  const passes = [{ ...pass("forward", { forward: [], backward: [] }), op: halving }];
  const [without] = await collect(passes);
  assert.deepEqual([without.choice.index, without.ms[1]], [0, Infinity]);
  const [within] = await collect(passes, { float16: true });
  assert.equal(within.choice.index, 1);
});

Deno.test("a form that is chosen has its own forms measured, too", async () => {
  const all = await collect([pass("backward", { forward: [1], backward: [8, 2] })]);
  assert.deepEqual(all.map(({ key, choice }) => [key, choice.index]), [
    ["made_dx", 1],
    ["made_dx cut", 1],
  ]);
});

Deno.test("forms that lost clearly at two keys are not timed at a third, which stays with the default", async () => {
  const forms = { forward: [2, 8], backward: [1] };
  const passes = ["a", "b", "c"].map((shape, i) =>
    pass("forward", { class: shape, ...forms }, 3 - i)
  );
  const all = await collect(passes);
  assert.deepEqual(all.map(({ key, choice }) => [key, choice.index]), [
    ["made a", 0],
    ["made b", 0],
    ["made c", 0],
  ]);
  assert.ok(all[1].before > 0);
  assert.deepEqual([all[2].ms, all[2].before, all[2].after], [[Infinity, Infinity], 0, 0]);
  assert.equal(all[2].covered, 1);
});

Deno.test("forms are compiled together, with what a backward pass needs of the forward one", async () => {
  const config = resolveSearchConfig({ mode: "macro", preset: "smoke" });
  const norm = passesOfSearch(config, { image: [28, 28, 1], classes: 10 })
    .find(({ op, kind }) => op.name === "batch_norm" && kind === "backward")!;
  const [key] = formsOf(gpu, [norm]).keys();
  const part = { pass: norm, wanted: norm.dx.flatMap((dx, i) => dx === null ? [] : [i]) };
  const jobs = [0, 1].map((index) => ({ part, choices: { [key]: index } }));
  const missing = () =>
    jobs.map(({ choices }) => {
      gpu.tuning.choices = choices;
      return gpu.dryRun(() => {
        const dry = new Prepared(gpu, norm, true);
        dry.precede();
        dry.record();
      }).length;
    });
  try {
    assert.deepEqual(missing().map((n) => n > 0), [true, true]);
    await compileForms(gpu, jobs, () => true);
    assert.ok(missing().some((n) => n > 0), "time was over after the first round");
    await compileForms(gpu, jobs, () => false);
    assert.deepEqual(missing(), [0, 0]);
  } finally {
    gpu.tuning.choices = {};
  }
});

Deno.test("keys come by weight; those that are known are left out", async () => {
  const forms = { forward: [2, 2], backward: [1] };
  const passes = [pass("forward", forms, 1), pass("backward", forms, 5)];
  const asked = new Map<string, unknown>([["made", [2, 2]], ["made_dx", ["plain", "cut"]]]);
  assert.deepEqual(formsOf(gpu, passes), asked);
  assert.deepEqual((await collect(passes)).map(({ key }) => key), ["made_dx", "made"]);
  const known = new Set(["made_dx"]);
  assert.deepEqual((await collect(passes, { known })).map(({ key }) => key), ["made"]);
});

Deno.test("the tuner ends when its time is up, and yields only what it measured", async () => {
  const forms = { forward: [2, 1], backward: [1] };
  const passes = [pass("forward", forms, 1), pass("backward", forms, 5)];
  let now = 0;
  const none = await collect(passes, { seconds: 1, clock: () => now += 300 });
  assert.deepEqual(none, []);
  now = 0;
  const [first, ...rest] = await collect(passes, { seconds: 14, clock: () => now += 1000 });
  assert.equal(first.key, "made_dx");
  assert.equal(first.left, 1);
  assert.deepEqual(rest, []);
});

Deno.test("a tuner that is stopped throws the signal's reason and leaves the device usable", async () => {
  const stop = new AbortController();
  const forms = { forward: [2, 1], backward: [1] };
  stop.abort(new Error("enough"));
  await assert.rejects(
    () => collect([pass("forward", forms)], { signal: stop.signal, watch: undefined }),
    /^Error: enough$/,
  );
  assert.equal(gpu.profile, null);
  assert.deepEqual(gpu.tuning.choices, {});
});

Deno.test("the passes of a run are those of its networks, forward and backward, without repetition", () => {
  const images = { image: [28, 28, 1] as const, classes: 10 };
  for (const mode of ["micro", "macro"]) {
    const search = passesOfSearch(resolveSearchConfig({ mode, preset: "smoke" }), images);
    const retrain = passesOfRetrain(resolveRetrainConfig({ space: mode, preset: "smoke" }), images);
    for (const passes of [search, retrain]) {
      for (const kind of ["forward", "backward"]) {
        const names = new Set(passes.filter((p) => p.kind === kind).map((p) => p.op.name));
        assert.ok(names.has("conv2d") && names.has("batch_norm"), [...names].join(" "));
      }
      const known = passes.map(({ weight: _, times: _t, op, ...p }) =>
        JSON.stringify([op.name, p])
      );
      assert.equal(new Set(known).size, known.length);
      const twice = merged([passes, passes]);
      assert.deepEqual(twice.map((p) => p.times), passes.map((p) => 2 * p.times));
    }
  }
});

Deno.test("the digest of kernels covers all of them, whichever command asks", () => {
  const folder = new URL("../../kernels/", import.meta.url);
  const includes = new Map<string, string>(
    [...Deno.readDirSync(new URL("lib/", folder))].map(({ name }) =>
      [`lib/${name}`, Deno.readTextFileSync(new URL(`lib/${name}`, folder))] as const
    ),
  );
  const loaded = [...loadedKernels.values()];
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    if (!isFile) continue;
    const text = Deno.readTextFileSync(new URL(name, folder))
      .replaceAll(/^\/\/#include (\S+)$/gm, (_, file) => includes.get(file)!);
    // A file of functions begins several kernels.
    assert.ok(
      loaded.some((all) => all.startsWith(text)),
      `${name} is not loaded by src/nas/tuning/kernels.ts`,
    );
  }
  assert.match(kernelsDigest, /^[0-9a-f]{16}$/);
});
