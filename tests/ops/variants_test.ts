/** Every kernel variant that the tuner may choose passes the checks of the default. */
import assert from "node:assert/strict";
import scaleWgsl from "../../kernels/scale.wgsl" with { type: "text" };
import { numel, type OpSpec, registry, type Tensor } from "../../src/autodiff/op.ts";
import { Gpu } from "../../src/gpu/device.ts";
import type { Recorder } from "../../src/gpu/recorder.ts";
import { kernel } from "../../src/gpu/kernel.ts";
import "../../src/ops/mod.ts";
import { checkForms, listen, type Questions } from "./variants.ts";

const gpu = await Gpu.open();
/** `DENAS_OP=conv2d deno test …` checks one op only. */
const only = Deno.env.get("DENAS_OP");

/**
 * Candidates by key, over all cases: a key must have the same candidates everywhere, or its choice is
 * ambiguous.
 */
const everywhere = new Map<string, readonly unknown[]>();

/**
 * Cases, by their shapes, that say nothing of other forms that the remaining ones do not say: a form takes
 * seconds to compile for all kernels of a case. The default is checked at every case.
 */
const defaultOnly: Record<string, string[]> = {
  // The first of two shifts, and small outputs with a stride that others have.
  pointwise: ["2,7,5,12 12,8", "40,5,5,4 4,4"],
  // Kernel sizes, strides and channel counts that others have in other pairs.
  depthwise_conv2d: ["1,11,9,36 5,5,36,1", "3,14,3,3 3,3,3,1", "70,4,3,16 3,3,16,1"],
  conv2d: [
    // Other sizes of kernels, strides and rows than those whose forms are checked with the same rests.
    "2,6,7,4 2,2,4,4",
    "2,5,6,3 4,4,3,3",
    "1,2,35,4 3,3,4,4",
    "1,3,37,4 3,3,4,4",
    "1,4,38,3 3,3,3,3",
    "2,7,8,4 2,2,4,4",
    "1,4,5,1 5,5,1,4",
    "1,3,5,12 3,3,12,12",
    "1,5,7,4 1,1,4,4",
  ],
};

/** Candidates without the shapes of their keys: the kernel's name and its overrides. */
const formsOf = (asked: Questions, at: (index: number) => boolean) =>
  [...asked].flatMap(([key, candidates]) =>
    candidates.filter((_, i) => at(i)).map((c) => `${key.split(" ")[0]} ${JSON.stringify(c)}`)
  );

for (const op of registry.filter((o) => !only || o.name === only)) {
  Deno.test(`${op.name}: every form that can be chosen agrees with the reference`, async () => {
    const failures: string[] = [];
    const left = new Set(defaultOnly[op.name]);
    const offered = new Set<string>(), checked = new Set<string>();
    for (const c of op.cases) {
      const what = `${op.name} ${JSON.stringify(c.shapes)} ${JSON.stringify(c.params)}`;
      const plain = left.delete(c.shapes.join(" "));
      const found = plain ? null : await checkForms(gpu, op, c);
      const asked = found?.asked ?? listen(gpu, op, c, {});
      failures.push(...found?.failures.map((f) => `${what}: ${f}`) ?? []);
      for (const form of formsOf(asked, () => true)) offered.add(form);
      for (const form of formsOf(asked, (i) => !plain || i === 0)) checked.add(form);
      for (const [key, candidates] of asked) {
        assert.deepEqual(candidates, everywhere.get(key) ?? candidates, `${what}: ${key}`);
        everywhere.set(key, candidates);
      }
    }
    assert.deepEqual(failures, []);
    assert.deepEqual([...left], [], "cases that there are no more");
    assert.deepEqual([...offered.difference(checked)], [], "forms that no case checks");
  });
}

const scaleKernel = kernel("scale", scaleWgsl);

/** Doubles its input, in several variants; `forward` and `backward` give the factor of each. */
function doubling(forward: number[], backward: number[]): OpSpec<Record<never, never>> {
  const times = (on: Recorder, x: Tensor, y: Tensor, factor: number, add: boolean) =>
    on.run(scaleKernel, { x, y }, { n: numel(x.shape), factor, add }, numel(x.shape));
  return {
    name: "doubling",
    shapes: ([x]) => ({ out: [x] }),
    forward(on, { inputs: [x], out: [y] }) {
      times(on, x, y, on.choose("doubling", forward), false);
    },
    backward(on, { dy: [dy], dx: [dx] }) {
      // Asked for under one of the candidates only.
      const factor = on.choose("doubling_dx", ["plain", "tiled"]) === "plain"
        ? backward[0]
        : on.choose("doubling_dx tile", backward);
      times(on, dy!, dx!.tensor, factor, dx!.accumulate);
    },
    reference: ([x]) => [x.map((v) => 2 * v)],
    cases: [{ shapes: [[3, 5]], params: {} }],
  };
}

Deno.test("all forms of an op are checked, those within another form too", async () => {
  const op = doubling([2, 2, 2], [2, 2]);
  const { forms, failures } = await checkForms(gpu, op, op.cases[0]);
  assert.deepEqual(forms.sort(), [
    "doubling → 1",
    "doubling → 2",
    "doubling_dx tile → 1",
    "doubling_dx → 1",
  ]);
  assert.deepEqual(failures, []);
});

Deno.test("a wrong form is named by its key and index", async () => {
  const op = doubling([2, 2, 3], [2, 1.5]);
  const { failures } = await checkForms(gpu, op, op.cases[0]);
  assert.equal(failures.length, 2, failures.join("\n"));
  assert.match(failures.join("\n"), /^doubling → 2: values are off by 0\.[45]/m);
  assert.match(failures.join("\n"), /^doubling_dx tile → 1: gradients are off by 0\.2/m);
});

Deno.test("nothing stays forced", async () => {
  const op = doubling([2, 2], [2, 2]);
  await checkForms(gpu, op, op.cases[0]);
  assert.deepEqual(gpu.tuning.choices, {});
  assert.equal(gpu.tuning.listener, null);
});

Deno.test("a form that another key's form does without is run alone", async () => {
  const op: OpSpec<Record<never, never>> = {
    ...doubling([], []),
    forward(on, { inputs: [x], out: [y] }) {
      // Only where the whole is not cut is there anything to tile.
      const whole = on.choose("cut", [true, false]);
      const factor = whole ? on.choose("tile", [2, 5]) : 2;
      on.run(scaleKernel, { x, y }, { n: numel(x.shape), factor, add: false }, numel(x.shape));
    },
    backward: "none, because it is not asked for",
  };
  const { forms, failures } = await checkForms(gpu, op, op.cases[0]);
  assert.deepEqual(forms.sort(), ["cut → 1", "tile → 1"]);
  assert.equal(failures.length, 1);
  assert.match(failures[0], /^tile → 1: values are off/);
});
