/** Values that are published: the tables of hyperparameters, and facts of the networks that no training shows. */
import assert from "node:assert/strict";
import { run, Tape } from "../../src/autodiff/mod.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../../src/nas/config.ts";
import { openSpace } from "../../src/nas/search.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import {
  avgPool2d,
  conv2d,
  maxPool2d,
  sigmoidCrossEntropy,
  skipPenalty,
} from "../../src/ops/mod.ts";
import { childConfig, macroConfig } from "./child_config.ts";

const gpu = await Gpu.open();

/** The released scripts, cell by cell: search, then final training. */
const searches = {
  macro: {
    ...{ batch: 128, rewardBatch: 128, epochs: 310, rounds: 50, perRound: 20 },
    child: { layers: 12, filters: 36, branches: 6, keep: 0.9, auxHead: false },
    optimizer: { l2: 2.5e-4, lrMax: 0.05, lrMin: 0.0005 },
    controller: { lr: 1e-3, tanhConstant: 1.5, skipTarget: 0.4, skipWeight: 0.8 },
  },
  micro: {
    ...{ batch: 160, rewardBatch: 160, epochs: 150, rounds: 30, perRound: 10 },
    child: { layers: 6, filters: 20, branches: 5, blocks: 5, keep: 0.9, auxHead: true },
    optimizer: { l2: 1e-4, lrMax: 0.05, lrMin: 0.0005 },
    controller: { lr: 3.5e-3, tanhConstant: 1.1, opTanhReduce: 2.5, skipWeight: 0, softBias: 10 },
  },
};
const finals = {
  macro: {
    ...{ batch: 100, epochs: 310 },
    child: { layers: 24, filters: 96, branches: 4, keep: 0.5, dropPathKeep: 1, auxHead: false },
    optimizer: { l2: 2e-4, lrMax: 0.05, lrMin: 0.001 },
  },
  micro: {
    ...{ batch: 144, epochs: 630, auxWeight: 0.4 },
    child: { layers: 15, filters: 36, blocks: 5, keep: 0.8, dropPathKeep: 0.6, auxHead: true },
    optimizer: { l2: 2e-4, lrMax: 0.05, lrMin: 0.0001 },
  },
};
const everywhere = {
  child: { stem: 1, bnEpsilon: 1e-5, bnDecay: 0.9 },
  optimizer: {
    ...{ schedule: "cosine-restarts", t0: 10, tMul: 2 },
    ...{ momentum: 0.9, nesterov: true, clip: "none" },
  },
  augment: { pad: 4, flip: true, cutout: 0 },
};
const everyController = {
  ...{ hidden: 64, lstmLayers: 1, beta1: 0, epsilon: 1e-3, temperature: 0 },
  ...{ entropyWeight: 1e-4, entropyBonus: 0, baselineDecay: 0.99, baselineInit: "zero" },
};

for (const mode of ["macro", "micro"] as const) {
  Deno.test(`the paper preset of ${mode} has every value of the released scripts`, () => {
    const search = resolveSearchConfig({ mode, preset: "paper" });
    assert.partialDeepStrictEqual(search, searches[mode]);
    assert.partialDeepStrictEqual(search, { ...everywhere, controller: everyController });
    const final = resolveRetrainConfig({ space: mode, preset: "paper" });
    assert.partialDeepStrictEqual(final, finals[mode]);
    assert.partialDeepStrictEqual(final, { ...everywhere, allTraining: true });
  });
}

Deno.test("--faithful turns on what the released code does otherwise", () => {
  const of = (mode: string) => resolveSearchConfig({ mode, preset: "paper", faithful: true });
  for (const mode of ["macro", "micro"]) {
    const { child, optimizer, augment } = of(mode);
    assert.ok(child.legacyReduce && optimizer.decayAll && augment.cutoutLegacy);
    assert.equal(child.rewardStatistics, mode === "macro" ? "running" : "batch");
  }
  const { child } = resolveRetrainConfig({ space: "macro", preset: "paper", faithful: true });
  assert.ok(child.legacyFixed);
});

/** The ε of every batch norm of a network, by scope. */
function epsilons(mode: string, form: "search" | "final"): Map<string, number> {
  const config = mode === "macro"
    ? macroConfig({ form, layers: 3, filters: 4 })
    : childConfig({ form, layers: 3, filters: 4, blocks: 1, auxHead: false });
  const space = openSpace(mode, config);
  const choice = mode === "macro" ? [0, 1, 1, 5, 0, 1] : [0, 0, 1, 1, 0, 2, 1, 4];
  const into = { weights: new WeightStore(), input: [8, 8, 3], classes: 2, config } as const;
  const tape = new Tape();
  const pass = { training: true, batchStatistics: true, seed: 1, step: 0, steps: 1 };
  space.build(space.decode(choice), into).forward(tape.input([1, 8, 8, 3]), pass);
  const norms = tape.nodes.filter(({ op }) => op.name === "batch_norm");
  return new Map(norms.map((n) => [n.scope, (n.params as { epsilon: number }).epsilon]));
}

Deno.test("batch norm after a searched macro operation has ε 1e-3, every other one 1e-5", () => {
  for (
    const [mode, form] of [["macro", "search"], ["macro", "final"], ["micro", "search"], [
      "micro",
      "final",
    ]] as const
  ) {
    const all = epsilons(mode, form);
    assert.ok(all.size > 4);
    for (const [scope, epsilon] of all) {
      const searched = mode === "macro" && form === "search" && /op\d\/out$/.test(scope);
      assert.equal(epsilon, searched ? 1e-3 : 1e-5, `${mode} ${form} ${scope}`);
    }
  }
});

/** What a computation on constants gives. */
async function compute(
  data: readonly number[],
  shape: readonly number[],
  of: (x: ReturnType<Tape["input"]>, tape: Tape) => ReturnType<Tape["input"]>,
): Promise<number[]> {
  const tape = new Tape();
  const y = of(tape.input(shape, { tensor: gpu.upload(Float32Array.from(data), shape) }), tape);
  return [...(await gpu.read([run(gpu, tape, { outputs: [y] }).of(y)]))[0]];
}

Deno.test("the skip penalty is zero where the sigmoids of both logits are 0.6 and 0.4", async () => {
  const q = Math.log(0.4 / 0.6);
  const [penalty] = await compute([q, q, q], [1, 3], (x) => skipPenalty(x, { rho: 0.4 }));
  assert.ok(Math.abs(penalty) < 1e-6, `${penalty}`);
});

Deno.test("SAME with stride 2 pads the far side first: sums of ones count the cells inside", async () => {
  const counts = [[4, 3, [3, 2]], [5, 3, [2, 3, 2]], [4, 5, [4, 3]], [7, 5, [3, 5, 5, 3]]] as const;
  for (const [side, k, along] of counts) {
    const ones = (n: number) => new Array<number>(n).fill(1);
    const sums = await compute(ones(side * side), [1, side, side, 1], (x, tape) => {
      const w = tape.input([k, k, 1, 1], { tensor: gpu.upload(Float32Array.from(ones(k * k))) });
      return conv2d(x, w, { stride: 2, relu: false });
    });
    assert.deepEqual(sums, along.flatMap((a) => along.map((b) => a * b)), `${k}×${k} on ${side}`);
    for (const stride of [1, 2]) {
      const pool = { k, stride, padding: "same" } as const;
      const shape = [1, side, side, 1];
      const means = await compute(ones(side * side), shape, (x) => avgPool2d(x, pool));
      assert.ok(means.every((v) => Math.abs(v - 1) < 1e-6), `averages leave padding out: ${means}`);
      const most = await compute(
        ones(side * side).map((v) => -v),
        shape,
        (x) => maxPool2d(x, pool),
      );
      assert.ok(most.every((v) => v === -1), `padding is no maximum: ${most}`);
    }
  }
});

Deno.test("an image without any label is met by logits below zero only", async () => {
  const logits = [...[-1, -2, -3], ...[-1, 0.1, -3]];
  const hits = await compute(logits, [2, 3], (x, tape) => {
    const none = tape.input([2, 3], { tensor: gpu.upload(new Float32Array(6), [2, 3]) });
    return sigmoidCrossEntropy(x, none)[2];
  });
  assert.deepEqual(hits, [1]);
});

Deno.test("a reduction cell of the search reads h(l−2), in the released form h(l−1) twice", () => {
  for (const legacyReduce of [false, true]) {
    const config = childConfig({ layers: 3, filters: 4, blocks: 1, auxHead: false, legacyReduce });
    const weights = new WeightStore();
    const into = { weights, input: [8, 8, 3], classes: 2, config } as const;
    openSpace("micro", config).supernet(into);
    const { shape } = weights.params().find(({ name }) => name === "layer1/fit0/even")!;
    // Before the first layer is the stem with three times the filters.
    assert.deepEqual(shape, [legacyReduce ? 4 : 12, 4]);
  }
});
