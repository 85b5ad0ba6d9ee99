import assert from "node:assert/strict";
import { run } from "../../src/autodiff/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveSearchConfig, type SearchConfig } from "../../src/nas/config/config.ts";
import { decisionsOf } from "../../src/nas/decisions.ts";
import { ControllerPass } from "../../src/nas/controller/network.ts";
import { openStrategy } from "../../src/nas/search/parts.ts";
import { openSpace, spaces } from "../../src/nas/registry.ts";
import type { RangeArch } from "../../src/nas/spaces/macro_range.ts";
import type { EnasStrategy } from "../../src/nas/strategies/enas.ts";
import { WeightStore } from "../../src/nn/weights.ts";

const gpu = await Gpu.open();
const paper = (mode: string, overrides = {}) =>
  resolveSearchConfig({ mode, preset: "paper", overrides });

/** The range space has many decisions per layer. */
const small = (mode: string) => mode === "macro-range" ? { "space.layers": 4 } : {};

async function strategy(config: SearchConfig) {
  const space = openSpace(config.space);
  const opened = await openStrategy(config, space, { gpu });
  return { space, strategy: opened as EnasStrategy<unknown> };
}

for (const mode of ["micro", "macro", "macro-range"]) {
  Deno.test(`${mode}: the probability of given decisions is the one they were drawn with`, async () => {
    const { space: { kind: _, ...settings }, strategy: { controller } } = paper(mode, small(mode));
    const store = new WeightStore();
    const network = spaces.get(mode).controller!(store, controller, settings);
    store.materialise(gpu, 3);
    const n = 5;
    const drawing = new ControllerPass(gpu, n, network.weights, controller, {
      kind: "sample",
      seed: 7,
      draw: 2,
    });
    const drawn = network.unroll(drawing);
    const first = run(gpu, drawing.tape, { outputs: [drawn.logProb, ...drawn.decisions] });
    const logProb = (await gpu.read([first.of(drawn.logProb)]))[0];
    const decided = await gpu.readU32(drawn.decisions.map((d) => first.of(d)));
    let at = 0;
    const giving: ControllerPass = new ControllerPass(gpu, n, network.weights, controller, {
      kind: "given",
      next: (shape) => giving.tape.input(shape, { tensor: gpu.upload(decided[at++], shape) }),
    });
    const given = network.unroll(giving);
    const second = run(gpu, giving.tape, { outputs: [given.logProb] });
    assert.deepEqual((await gpu.read([second.of(given.logProb)]))[0], logProb);
    assert.ok(logProb.every((p) => p < 0));
  });

  Deno.test(`${mode}: probabilities come in the order of the choice and sum to one`, async () => {
    const config = paper(mode, small(mode));
    const { space, strategy: s } = await strategy(config);
    const trials = await s.ask(6);
    const { probabilities, decisions } = await s.tell(
      trials.map((t) => ({ ...t, score: { value: 0.5 } })),
    );
    const choice = space.encode(trials[0].arch);
    assert.equal(probabilities!.length, choice.length);
    const known = decisionsOf(space, choice);
    assert.deepEqual(decisions, known.map(({ id }) => id));
    probabilities!.forEach((row, i) => {
      assert.equal(row.length, known[i].options);
      assert.ok(Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-5);
    });
  });

  Deno.test(`${mode}: a snapshot goes on exactly as the strategy it was taken from`, async () => {
    const cells = mode === "micro" && { "space.blocks": 2 };
    const config = paper(mode, { "space.layers": 3, ...cells, seed: 5 });
    const { space, strategy: a } = await strategy(config);
    const step = async (s: EnasStrategy<unknown>) => {
      const trials = await s.ask(4);
      const choices = trials.map((t) => space.encode(t.arch));
      const report = await s.tell(
        trials.map((t, i) => ({ ...t, score: { value: (choices[i][0] + i) / 9 } })),
      );
      return { choices, report };
    };
    for (let i = 0; i < 3; i++) await step(a);
    const { strategy: b } = await strategy({ ...config, seed: 5 });
    await b.restore(structuredClone(await a.snapshot()));
    for (let i = 0; i < 3; i++) assert.deepEqual(await step(b), await step(a));
  });
}

Deno.test("ranges of the controller end at the last channel and never take all; 95,616 weights", async () => {
  const { strategy: whole } = await strategy(paper("macro-range"));
  assert.equal(whole.parameters, 95_616);
  const { space, strategy: s } = await strategy(paper("macro-range", { "space.layers": 3 }));
  // Every choice is one that the space allows, some of them of all channels that are left.
  const archs = (await s.draw(40)) as RangeArch[];
  const ranges = archs.flatMap(({ layers }) => layers.flatMap((l) => l.ranges));
  for (const { start, count } of ranges) assert.ok(count >= 1 && start + count <= 36 && count < 36);
  assert.ok(ranges.some(({ start, count }) => start + count === 36));
  assert.ok(new Set(ranges.map(({ start }) => start)).size > 30);
  for (const arch of archs) assert.deepEqual(space.decode(space.encode(arch)), arch);
});

Deno.test("SGD and no baseline: the loss is that of the rewards, and momentum comes back", async () => {
  const overrides = {
    ...{
      "space.layers": 3,
      "strategy.controller.optimizer": "momentum",
      "strategy.controller.lr": 0.1,
    },
    ...{
      "strategy.controller.baseline": "none",
      "strategy.controller.skipWeight": 0,
      "strategy.controller.entropyWeight": 0,
    },
  };
  const config = paper("macro", overrides);
  const step = async (s: EnasStrategy<unknown>, value: number) =>
    await s.tell((await s.ask(4)).map((t) => ({ ...t, score: { value } })));
  const { strategy: a } = await strategy(config);
  const { strategy: b } = await strategy(config);
  const [one, half] = [await step(a, 1), await step(b, 0.5)];
  assert.ok(
    one.loss! > 0 && Math.abs(one.loss! / half.loss! - 2) < 1e-5,
    `${one.loss} ${half.loss}`,
  );
  assert.equal(one.baseline, 0);
  await step(a, 0.3);
  const { strategy: c } = await strategy(config);
  await c.restore(structuredClone(await a.snapshot()));
  for (let i = 0; i < 2; i++) assert.deepEqual(await step(c, 0.7), await step(a, 0.7));
});

Deno.test("the controller finds what a made-up reward asks for", async () => {
  const config = resolveSearchConfig({
    mode: "macro",
    overrides: {
      "space.layers": 3,
      "strategy.controller.skipWeight": 0,
      "strategy.controller.lr": 0.01,
    },
  });
  const { space, strategy: s } = await strategy(config);
  const hidden = [1, 3, 1, 5, 0, 1];
  const share = (choice: number[]) =>
    choice.filter((c, i) => c === hidden[i]).length / hidden.length;
  const rewards: number[] = [];
  for (let i = 0; i < 50; i++) {
    const trials = await s.ask(32);
    const { reward } = await s.tell(
      trials.map((t) => ({ ...t, score: { value: share(space.encode(t.arch)) } })),
    );
    rewards.push(reward!);
  }
  const mean = (r: number[]) => r.reduce((a, b) => a + b, 0) / r.length;
  const [start, end] = [mean(rewards.slice(0, 5)), mean(rewards.slice(-10))];
  assert.ok(end > start + 0.2, `the mean reward went from ${start} to ${end}`);
});

Deno.test("the gradient's norm that the controller tells is how far a plain step of rate 1 moves it", async () => {
  const { strategy: s } = await strategy(
    paper("macro", {
      "strategy.controller.optimizer": "momentum",
      "strategy.controller.momentum": 0,
      "strategy.controller.l2": 0,
      "strategy.controller.lr": 1,
    }),
  );
  const weights = async () =>
    Object.entries((await s.snapshot()).tensors).filter(([name]) => name.startsWith("policy/"));
  const before = await weights();
  const trials = await s.ask(4);
  const { gradientNorm } = await s.tell(
    trials.map((t, i) => ({ ...t, score: { value: i / 4 } })),
  );
  const after = Object.fromEntries(await weights());
  let square = 0;
  for (const [name, { data }] of before) {
    data.forEach((w, i) => square += (after[name].data[i] - w) ** 2);
  }
  assert.ok(gradientNorm! > 0 && Math.abs(gradientNorm! / Math.sqrt(square) - 1) < 1e-4);
});
