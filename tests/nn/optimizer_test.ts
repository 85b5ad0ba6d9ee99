import assert from "node:assert/strict";
import type { Param } from "../../src/autodiff/tape.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Adam, type AdamOptions, Sgd, type SgdOptions } from "../../src/nn/optimizer.ts";
import type { Touched } from "../../src/nn/regions.ts";
import { Slab } from "../../src/nn/slab.ts";
import { uniform } from "../../src/common/random.ts";

const gpu = await Gpu.open();
const WORDS = [5000, 700];
/** Two slabs; a weight of several chunks, one with a part of it touched, a single element, an end. */
const PARTS = [
  { slab: 0, start: 0, words: 1 },
  { slab: 0, start: 64, words: 2600 },
  { slab: 0, start: 3000, words: 33 },
  { slab: 1, start: 692, words: 8 },
  { slab: 1, start: 128, words: 300 },
];

const noise = (n: number, salt: number) =>
  Float32Array.from({ length: n }, (_, i) => 2 * uniform(3, 4, salt, i) - 1);

interface Model {
  slabs: Slab[];
  touched: Touched[];
  /** Expected weights. */
  want: Float64Array[];
}

function setUp(): Model {
  const slabs = WORDS.map((words) => new Slab(gpu, words));
  slabs.forEach((slab, s) => gpu.write(slab.weights, noise(WORDS[s], s)));
  const touched = PARTS.map(({ slab, start, words }, i): Touched => {
    // Half of the offset lies in the weight's place, half in the part of it.
    const inside = i % 2 ? 0 : Math.floor(start / 2);
    const shape = [inside + words];
    const param: Param = {
      name: `w${i}`,
      shape,
      trainable: true,
      tensor: { shape, buffer: slabs[slab].weights.buffer, offset: start - inside },
    };
    return { param, offset: inside, words };
  });
  return { slabs, touched, want: WORDS.map((n, s) => Float64Array.from(noise(n, s))) };
}

/** Runs `steps` steps on the device and returns the weights. */
async function train(
  { slabs }: Model,
  steps: number,
  step: (i: number) => void,
): Promise<Float32Array[]> {
  for (let i = 0; i < steps; i++) {
    slabs.forEach((slab, s) => gpu.write(slab.grads, gradients(s, i)));
    step(i);
    gpu.submit();
  }
  return await gpu.read(slabs.map((slab) => slab.weights));
}

const gradients = (slab: number, step: number) => noise(WORDS[slab], 10 + 2 * step + slab);

function close(got: ArrayLike<number>[], want: ArrayLike<number>[]): void {
  want.forEach((w, s) => {
    for (let i = 0; i < w.length; i++) {
      assert.ok(Math.abs(got[s][i] - w[i]) < 2e-6, `slab ${s} element ${i}: ${got[s][i]}, ${w[i]}`);
    }
  });
}

/** Which parts are touched, and the learning rate. */
interface Step {
  parts: number[];
  lr: number;
}

/** Plain float64 SGD, one element after the other. */
function sgdReference(model: Model, options: SgdOptions, steps: Step[]): void {
  const { momentum, nesterov, l2, clip, clipNorm = 5, decayAll } = options;
  const m = WORDS.map((n) => new Float64Array(n));
  steps.forEach(({ parts, lr }, step) => {
    const g = model.want.map((w, s) => {
      const live = new Uint8Array(WORDS[s]);
      for (const p of parts) {
        if (PARTS[p].slab === s) {
          live.fill(1, PARTS[p].start, PARTS[p].start + PARTS[p].words);
        }
      }
      const given = gradients(s, step);
      return w.map((v, i) => live[i] ? given[i] + 2 * l2 * v : decayAll ? 2 * l2 * v : NaN);
    });
    const views = parts.map((p) => {
      const { slab, start, words } = PARTS[p];
      return g[slab].subarray(start, start + words);
    });
    const square = (a: Float64Array) => a.reduce((sum, v) => sum + v * v, 0);
    const all = views.reduce((sum, v) => sum + square(v), 0);
    for (const view of views) {
      const norm = Math.sqrt(clip === "tensor" ? square(view) : all);
      const factor = clip && clip !== "none" ? Math.min(1, clipNorm / norm) : 1;
      view.forEach((v, i) => view[i] = factor * v);
    }
    g.forEach((values, s) =>
      values.forEach((v, i) => {
        if (Number.isNaN(v)) return;
        m[s][i] = momentum * m[s][i] + v;
        model.want[s][i] -= lr * (nesterov ? v + momentum * m[s][i] : m[s][i]);
      })
    );
  });
}

/** The second step touches less, the third something else, the fourth everything again. */
const STEPS: Step[] = [
  { parts: [0, 1, 2, 3, 4], lr: 0.1 },
  { parts: [2], lr: 0.1 },
  { parts: [4, 1], lr: 0.03 },
  { parts: [0, 1, 2, 3, 4], lr: 0.2 },
];
const CASES: [string, SgdOptions][] = [
  ["Nesterov momentum with L2", { momentum: 0.9, nesterov: true, l2: 0.01 }],
  ["plain momentum", { momentum: 0.9, nesterov: false, l2: 0 }],
  ["no momentum", { momentum: 0, nesterov: false, l2: 0.1 }],
  ["L2 and momentum on everything", { momentum: 0.9, nesterov: true, l2: 0.1, decayAll: true }],
  ["norms per tensor", { momentum: 0.9, nesterov: true, l2: 0.1, clip: "tensor", clipNorm: 2 }],
  ["one norm over all", { momentum: 0.9, nesterov: true, l2: 0.1, clip: "global", clipNorm: 2 }],
];
for (const [what, options] of CASES) {
  Deno.test(`SGD: ${what}`, async () => {
    const model = setUp();
    const sgd = new Sgd(gpu, model.slabs, options);
    const got = await train(
      model,
      STEPS.length,
      (i) => sgd.step(STEPS[i].parts.map((p) => model.touched[p]), STEPS[i].lr),
    );
    sgdReference(model, options, STEPS);
    close(got, model.want);
  });
}

Deno.test("SGD updates only what a step touched, and momentum stays for the next time", async () => {
  const model = setUp();
  const options = { momentum: 0.9, nesterov: true, l2: 0.01 };
  const sgd = new Sgd(gpu, model.slabs, options);
  // Not submitted in between: each step keeps its own table.
  const before = await gpu.read(model.slabs.map((slab) => slab.weights));
  sgd.step([model.touched[1]], 0);
  sgd.step([model.touched[0]], 0.1);
  const after = await gpu.read(model.slabs.map((slab) => slab.weights));
  const changed = after.flatMap((a, s) => [...a.keys()].filter((i) => a[i] !== before[s][i]));
  // No gradient was written: L2 alone moves the one element of the first weight.
  assert.deepEqual(changed, [0]);
});

Deno.test("weights outside the L2 term do not decay", async () => {
  const model = setUp();
  const decays = ({ name }: Param) => name !== "w4";
  const sgd = new Sgd(gpu, model.slabs, { momentum: 0, nesterov: false, l2: 0.5, decays });
  sgd.step(model.touched, 0.1);
  const [first, second] = await gpu.read(model.slabs.map((slab) => slab.weights));
  assert.equal(second[130], noise(700, 1)[130]);
  assert.ok(Math.abs(first[70] - 0.9 * noise(5000, 0)[70]) < 1e-6);
});

Deno.test("weights outside the L2 term leave it out of the norm too", async () => {
  const model = setUp();
  const decays = ({ name }: Param) => name !== "w4";
  const options = { momentum: 0, nesterov: false, l2: 0.5, decays, clip: "global", clipNorm: 2 };
  new Sgd(gpu, model.slabs, options as SgdOptions).step(model.touched, 0.1);
  const [first] = await gpu.read([model.slabs[0].weights]);
  // No gradient was written: 2·l2·w is w itself.
  const squares = PARTS.slice(0, 4).flatMap(({ slab, start, words }) =>
    [...noise(WORDS[slab], slab).subarray(start, start + words)].map((w) => w * w)
  );
  const factor = 2 / Math.sqrt(squares.reduce((sum, square) => sum + square));
  assert.ok(Math.abs(first[70] - (1 - 0.1 * factor) * noise(5000, 0)[70]) < 1e-6);
});

function adamReference(model: Model, options: AdamOptions, steps: number): void {
  const { lr, beta1, beta2, epsilon, l2 = 0, clip, clipNorm = 5 } = options;
  const m = WORDS.map((n) => new Float64Array(n));
  const v = WORDS.map((n) => new Float64Array(n));
  for (let t = 1; t <= steps; t++) {
    const rate = lr * Math.sqrt(1 - beta2 ** t) / (1 - beta1 ** t);
    const decayed = model.want.map((w, s) =>
      Float64Array.from(gradients(s, t - 1), (g, i) => g + 2 * l2 * w[i])
    );
    const squares = PARTS.map(({ slab, start, words }) =>
      decayed[slab].subarray(start, start + words).reduce((sum, g) => sum + g * g, 0)
    );
    for (const [part, { slab: s, start, words }] of PARTS.entries()) {
      const norm = Math.sqrt(
        clip === "tensor" ? squares[part] : squares.reduce((sum, x) => sum + x, 0),
      );
      const factor = clip ? Math.min(1, clipNorm / norm) : 1;
      const given = decayed[s].map((g) => factor * g);
      for (let i = start; i < start + words; i++) {
        m[s][i] = beta1 * m[s][i] + (1 - beta1) * given[i];
        v[s][i] = beta2 * v[s][i] + (1 - beta2) * given[i] ** 2;
        model.want[s][i] -= rate * m[s][i] / (Math.sqrt(v[s][i]) + epsilon);
      }
    }
  }
}

for (
  const [beta1, l2, clip] of [
    [0, 0, undefined],
    [0.9, 0.1, undefined],
    [0.9, 0, "global"],
    [0, 0.1, "tensor"],
  ] as const
) {
  const how = `beta1 = ${beta1}${l2 ? ", L2" : ""}${clip ? ` and ${clip} norms` : ""}`;
  Deno.test(`Adam with ${how} agrees with float64, also after a restore`, async () => {
    const options = { lr: 0.0035, beta1, beta2: 0.999, epsilon: 1e-3, l2, clip, clipNorm: 2 };
    const model = setUp();
    const adam = new Adam(gpu, model.slabs, options);
    await train(model, 2, () => adam.step(model.touched));
    const state = await adam.snapshot();
    adam.step(model.touched, 0); // spoils the moments and the count
    const again = new Adam(gpu, model.slabs, options);
    again.restore(state);
    for (let i = 2; i < 4; i++) {
      model.slabs.forEach((slab, s) => gpu.write(slab.grads, gradients(s, i)));
      again.step(model.touched);
    }
    adamReference(model, options, 4);
    close(await gpu.read(model.slabs.map((slab) => slab.weights)), model.want);
  });
}

Deno.test("Adam leaves weights that do not decay out of the L2 term, and starts anew after a reset", async () => {
  const adam = { lr: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-3 };
  const after = async (options: { l2: number; decays?: (param: Param) => boolean }) => {
    const model = setUp();
    const optimizer = new Adam(gpu, model.slabs, { ...adam, ...options });
    optimizer.step(model.touched, 0);
    optimizer.reset();
    return await train(model, 2, () => optimizer.step(model.touched));
  };
  const decayed = await after({ l2: 0.5 });
  const plain = await after({ l2: 0 });
  const mixed = await after({ l2: 0.5, decays: ({ name }) => name !== "w4" });
  PARTS.forEach(({ slab, start, words }, i) => {
    const part = (of: Float32Array[]) => [...of[slab].subarray(start, start + words)];
    assert.deepEqual(part(mixed), part(i === 4 ? plain : decayed), `w${i}`);
    assert.notDeepEqual(part(plain), part(decayed));
  });
});

Deno.test("more parts than one axis has work-groups are all clipped and updated", async () => {
  const n = 65_600;
  const values = noise(n, 20);
  const norm = Math.sqrt(values.reduce((sum, g) => sum + g * g, 0));
  const updated = async (
    make: (slabs: Slab[]) => Pick<Sgd, "step">,
    lr: number,
  ) => {
    const slab = new Slab(gpu, n);
    gpu.write(slab.grads, values);
    const tensor = { ...slab.weights, shape: [n] };
    const param: Param = { name: "w", shape: [n], trainable: true, tensor };
    make([slab]).step(Array.from({ length: n }, (_, offset) => ({ param, offset, words: 1 })), lr);
    return (await gpu.read([slab.weights]))[0];
  };
  const sgd: SgdOptions = { momentum: 0, nesterov: false, l2: 0, clip: "tensor", clipNorm: 0.5 };
  const bySgd = await updated((slabs) => new Sgd(gpu, slabs, sgd), 0.25);
  const adam = { lr: 1, beta1: 0, beta2: 0, epsilon: 1, clip: "global", clipNorm: 50 } as const;
  const byAdam = await updated((slabs) => new Adam(gpu, slabs, adam), 0.25);
  values.forEach((value, i) => {
    const cut = Math.max(-0.5, Math.min(0.5, value));
    assert.ok(Math.abs(bySgd[i] + 0.25 * cut) < 1e-6, `SGD: element ${i}`);
    const scaled = value * 50 / norm;
    const moved = 0.25 * scaled / (Math.abs(scaled) + 1);
    assert.ok(Math.abs(byAdam[i] + moved) < 1e-5, `Adam: element ${i}`);
  });
});

Deno.test("a restore of another network's momentum is refused", async () => {
  const sgd = new Sgd(gpu, setUp().slabs, { momentum: 0.9, nesterov: true, l2: 0 });
  const { json, tensors } = await sgd.snapshot();
  const short = { shape: [3], data: new Float32Array(3) };
  assert.throws(
    () => sgd.restore({ json, tensors: { ...tensors, "momentum.1": short } }),
    /Cannot restore the optimiser: momentum.1 has 3 elements, expected 700/,
  );
});

Deno.test("parts of weights that overlap are refused", () => {
  const { slabs, touched } = setUp();
  const sgd = new Sgd(gpu, slabs, { momentum: 0.9, nesterov: true, l2: 0 });
  assert.throws(
    () => sgd.step([touched[0], { ...touched[1], offset: 0 }, touched[1]], 0.1),
    /two parts/,
  );
});

Deno.test("weights outside the slabs are refused", () => {
  const sgd = new Sgd(gpu, setUp().slabs, { momentum: 0.9, nesterov: true, l2: 0 });
  assert.throws(() => sgd.step(setUp().touched, 0.1), /Cannot update weight w0/);
});
