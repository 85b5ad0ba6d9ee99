/** The published recipes, cell by cell: tables of hyperparameters, norms, first weights, rates, quirks. */
import assert from "node:assert/strict";
import { Tape } from "../../src/autodiff/mod.ts";
import {
  resolveRetrainConfig,
  resolveSearchConfig,
  type SearchConfig,
} from "../../src/nas/config/config.ts";
import { uniformArchitecture } from "../../src/nas/sampling.ts";
import { releasedMicro } from "../../src/nas/spaces/released.ts";
import { Rng } from "../../src/common/random.ts";
import { faithfulSettings, quirks } from "../../src/nas/config/faithful.ts";
import { finalSection, searchSection } from "../../src/nas/config/presets.ts";
import { openSpace, spaces } from "../../src/nas/registry.ts";
import { learningRate } from "../../src/nas/train/training.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { denas } from "../cli/command.ts";
import { spaceAt } from "./child_config.ts";

/** The released CIFAR-10 scripts share these; so does the fork for defects of concrete. */
const released = {
  space: { stem: 1, bnDecay: 0.9, bnDebias: true },
  optimizer: {
    ...{ schedule: "cosine-restarts", t0: 10, tMul: 2, momentum: 0.9, nesterov: true },
    // child_grad_bound is 5.0, to no effect; child_lr, _dec_rate and _dec_every hold without the cosine.
    ...{ clip: "none", clipNorm: 5, lrDecay: 0.1, lrDecayEvery: 100, l2Half: false },
  },
  augment: { flip: true, rotate: 0, cutout: 0 },
  logEvery: 50,
  auxWeight: 0.4,
};
const releasedSearch = {
  ...released,
  ...{ roundsEvery: 1, evaluator: { kind: "shared", rewardBatches: 1, passes: 1 } },
  earlyStopOver: 1,
  strategy: {
    kind: "enas",
    controller: {
      ...{
        optimizer: "adam",
        baseline: "moving",
        hidden: 64,
        beta1: 0,
        epsilon: 1e-3,
        temperature: 0,
        l2: 0,
        opTanhReduce: 2.5,
      },
      ...{
        entropyWeight: 1e-4,
        entropyBonus: 0,
        logitDecay: 0,
        baselineDecay: 0.99,
        baselineInit: "zero",
      },
    },
  },
};
const releasedFinal = { ...released, form: "final", evalEvery: 1 };
/** Setting of the macro space. */
const searchedNorm = { opBnEpsilon: 1e-3 };

/** NNabla's defaults, on the networks of this project. */
const nnabla = {
  ...{ data: "cifar10", batch: 64, evalBatch: 64, epochs: 350 },
  space: { keep: 0.5, bnEpsilon: 1e-5, bnDecay: 0.9, bnDebias: false },
  optimizer: { lrMax: 0.1, lrMin: 0, momentum: 0.9, nesterov: false, l2: 2.5e-4, l2Half: true },
  augment: { pad: 0, flip: true, rotate: 0.25, cutout: 0 },
};
const nnablaSearch = {
  ...nnabla,
  ...{ rounds: 1, perRound: 10, select: "best" },
  ...{ roundsEvery: 1, selection: { drawn: 0, best: 1 }, earlyStopOver: 1 },
  evaluator: { kind: "shared", passes: 2, rewardBatch: 64, rewardBatches: 100 },
  strategy: {
    kind: "enas-nnabla",
    controller: {
      ...{
        optimizer: "momentum",
        momentum: 0.9,
        baseline: "none",
        hidden: 32,
        lstmLayers: 2,
        lr: 1e-3,
        temperature: 0,
        tanhConstant: 1.5,
        opTanhReduce: 1,
      },
      ...{ entropyWeight: 0, baselineDecay: 0.999, skipTarget: 0.8, skipWeight: 1.5 },
      skipPenaltyCorrected: true,
      // A weight decay of 0.025: half of it is λ of λ·Σw².
      l2: 0.0125,
    },
  },
};

const searches: Record<string, Record<string, object[]>> = {
  paper: {
    macro: [releasedSearch, {
      ...{
        data: "cifar10",
        batch: 128,
        evaluator: { rewardBatch: 128 },
        evalBatch: 100,
        epochs: 310,
      },
      ...{ rounds: 50, perRound: 20, augment: { pad: 4 } },
      space: { ...searchedNorm, layers: 12, filters: 36, branches: 6, keep: 0.9, bnEpsilon: 1e-5 },
      optimizer: { l2: 2.5e-4, lrMax: 0.05, lrMin: 0.0005 },
      strategy: {
        controller: {
          lr: 1e-3,
          lstmLayers: 1,
          tanhConstant: 1.5,
          skipTarget: 0.4,
          skipWeight: 0.8,
        },
      },
    }],
    micro: [releasedSearch, {
      ...{
        data: "cifar10",
        batch: 160,
        evaluator: { rewardBatch: 160 },
        evalBatch: 100,
        epochs: 150,
      },
      ...{ rounds: 30, perRound: 10, augment: { pad: 4 } },
      space: { layers: 6, filters: 20, blocks: 5, keep: 0.9, auxHead: true, bnEpsilon: 1e-5 },
      optimizer: { l2: 1e-4, lrMax: 0.05, lrMin: 0.0005 },
      strategy: {
        controller: { lr: 3.5e-3, lstmLayers: 1, tanhConstant: 1.1, skipWeight: 0, softBias: 10 },
      },
    }],
  },
  nnabla: {
    macro: [nnablaSearch, {
      space: { opBnEpsilon: 1e-5, layers: 12, filters: 36, branches: 6 },
      optimizer: { schedule: "constant", clip: "none", resetMomentum: true },
    }],
    micro: [nnablaSearch, {
      space: { layers: 6, filters: 20, blocks: 5, auxHead: true },
      optimizer: { schedule: "constant", clip: "none", resetMomentum: true },
      auxWeight: 1,
    }],
  },
  codebrim: {
    macro: [releasedSearch, {
      ...{
        data: "codebrim",
        image: 224,
        batch: 16,
        evaluator: { rewardBatch: 16 },
        evalBatch: 16,
        epochs: 310,
      },
      ...{ rounds: 40, perRound: 20, augment: { pad: 0 } },
      space: { ...searchedNorm, layers: 7, filters: 64, branches: 6, keep: 0.5, bnEpsilon: 1e-4 },
      optimizer: { l2: 5e-4, lrMax: 0.01, lrMin: 1e-5 },
      strategy: {
        controller: {
          lr: 1e-3,
          lstmLayers: 2,
          tanhConstant: 1.5,
          skipTarget: 0.4,
          skipWeight: 0.8,
        },
      },
    }],
  },
};
const finals: Record<string, Record<string, object[]>> = {
  paper: {
    macro: [releasedFinal, {
      ...{ data: "cifar10", batch: 100, evalBatch: 100, epochs: 310, allTraining: true },
      space: {
        ...searchedNorm,
        ...{ layers: 24, filters: 96, branches: 4, keep: 0.5, bnEpsilon: 1e-5 },
      },
      optimizer: { l2: 2e-4, lrMax: 0.05, lrMin: 0.001 },
      augment: { pad: 4 },
    }],
    micro: [releasedFinal, {
      ...{ data: "cifar10", batch: 144, evalBatch: 100, epochs: 630, allTraining: true },
      space: {
        ...{ layers: 15, filters: 36, blocks: 5, keep: 0.8, dropPathKeep: 0.6, auxHead: true },
        bnEpsilon: 1e-5,
      },
      optimizer: { l2: 2e-4, lrMax: 0.05, lrMin: 0.0001 },
      augment: { pad: 4 },
    }],
  },
  nnabla: {
    macro: [nnabla, {
      space: { opBnEpsilon: 1e-5, layers: 12, filters: 36 + 60, branches: 6 },
      optimizer: { schedule: "cosine", clip: "tensor", clipNorm: 5 },
      allTraining: true,
    }],
    micro: [nnabla, {
      space: { layers: 6, filters: 20 + 60, blocks: 5, auxHead: true },
      optimizer: { schedule: "cosine", clip: "tensor", clipNorm: 5 },
      ...{ allTraining: true, auxWeight: 1 },
    }],
  },
  codebrim: {
    macro: [releasedFinal, {
      ...{ data: "codebrim", image: 224, batch: 16, evalBatch: 16, epochs: 150 },
      space: { ...searchedNorm, layers: 7, filters: 64, branches: 6, keep: 0.5, bnEpsilon: 1e-4 },
      optimizer: { l2: 5e-4, lrMax: 0.01, lrMin: 1e-5 },
      ...{ augment: { pad: 0 }, allTraining: false },
    }],
  },
};

for (const [preset, modes] of Object.entries(searches)) {
  for (const [mode, tables] of Object.entries(modes)) {
    Deno.test(`preset ${preset}, ${mode}: every published value of the search and of the final training`, () => {
      const search = resolveSearchConfig({ mode, preset });
      for (const table of tables) assert.partialDeepStrictEqual(search, table);
      const final = resolveRetrainConfig({ space: mode, preset });
      for (const table of finals[preset][mode]) assert.partialDeepStrictEqual(final, table);
      assert.equal(final.form, "final");
      for (const config of [search, final]) assert.equal(config.preset, preset);
    });
  }
}

/** Bytes of the largest tensor of a training step. */
function largest(
  form: "search" | "final",
  { space, batch, image }: Pick<SearchConfig, "space" | "batch" | "image">,
): number {
  const made = openSpace(space);
  const arch = space.kind === "micro"
    ? made.decode(releasedMicro)
    : uniformArchitecture(made, new Rng(1, 0));
  const side = image || 32;
  const input = [side, side, 3] as const;
  const model = made.build(arch, { weights: new WeightStore(), input, classes: 10, form });
  const tape = new Tape();
  const pass = { training: true, batchStatistics: true, seed: 1, step: 0, steps: 1 };
  model.forward(tape.input([batch, ...input]), pass);
  const shapes = tape.nodes.flatMap(({ out, saved }) => [...out, ...saved]);
  return Math.max(...shapes.map((shape) => 4 * shape.reduce((a, b) => a * b, 1)));
}

Deno.test("with their published batches all recipes but one fit WebGPU's default of 128 MiB per tensor", () => {
  for (const [preset, modes] of Object.entries(searches)) {
    for (const mode of Object.keys(modes)) {
      const sizes = [
        largest("search", resolveSearchConfig({ mode, preset })),
        largest("final", resolveRetrainConfig({ space: mode, preset })),
      ];
      for (const bytes of sizes) {
        if (preset === "codebrim") assert.equal(bytes, 196 * 2 ** 20, `${preset} ${mode}`);
        // Memory comes in classes of up to a quarter more.
        else assert.ok(bytes * 1.15 < 2 ** 27, `${preset} ${mode}: ${bytes / 2 ** 20} MiB`);
      }
    }
  }
});

Deno.test("in the recipe for defects rewards and evaluations have the batch of the training", () => {
  const sizes = (overrides: Record<string, unknown>, preset = "codebrim", faithful = false) => {
    const choice = { preset, faithful, overrides };
    const { evaluator, evalBatch } = resolveSearchConfig({ mode: "macro", ...choice });
    const final = resolveRetrainConfig({ space: "macro", ...choice });
    return [evaluator.rewardBatch, evalBatch, final.evalBatch];
  };
  assert.deepEqual(sizes({}), [16, 16, 16]);
  assert.deepEqual(sizes({ batch: 10 }), [10, 10, 10]);
  assert.deepEqual(sizes({ batch: 10 }, "codebrim", true), [10, 10, 10]);
  assert.deepEqual(sizes({ batch: 10, evalBatch: 4 }), [10, 4, 4]);
  assert.deepEqual(sizes({ batch: 10 }, "paper"), [128, 100, 100]);
});

Deno.test("the fork for defects has no cells, and says which sections there are", () => {
  assert.throws(() => resolveSearchConfig({ mode: "micro", preset: "codebrim" }), {
    name: "UsageError",
    message: 'Cannot search in mode "micro": preset codebrim has macro',
  });
  assert.throws(() => resolveRetrainConfig({ space: "micro", preset: "codebrim" }), /has macro$/);
});

Deno.test("--print-config shows every value of a recipe, options and switches included", async () => {
  const given = [
    "--legacy-reduce",
    "--decay-all",
    "--cutout",
    "16",
    "--set",
    "optimizer.clip=global",
  ];
  const { code, stdout } = await denas(
    ["search", "--mode", "micro", "--preset", "nnabla", "--faithful", ...given, "--print-config"],
  );
  assert.equal(code, 0);
  const overrides = {
    ...{ "space.legacyReduce": true, "optimizer.decayAll": true, "augment.cutout": 16 },
    "optimizer.clip": "global",
  };
  const config = { mode: "micro", preset: "nnabla", faithful: true, overrides };
  assert.deepEqual(JSON.parse(stdout), resolveSearchConfig(config));
});

Deno.test("--faithful follows every quirk but four, or says why there is nothing to switch", () => {
  assert.deepEqual(quirks.map(({ id }) => id), Array.from({ length: 32 }, (_, i) => `Q${i + 1}`));
  for (const { id, search, final, why } of quirks) assert.ok(!(search || final) === !!why, id);
  const of = (command: "search" | "final", name: string, preset = "paper") => {
    const space = spaces.get(name);
    const section = command === "search" ? searchSection : finalSection;
    return faithfulSettings(command, space, section(space, preset).quirks);
  };
  const always = {
    "optimizer.clip": "none",
    "optimizer.freezeAux": true,
    "optimizer.l2Half": false,
    "optimizer.restartTransient": true,
    "augment.cutoutLegacy": true,
    "space.legacyInit": true,
  };
  const searches = {
    ...always,
    "optimizer.decayAll": true,
    "strategy.controller.skipPenaltyCorrected": false,
    "strategy.controller.baselineInit": "zero",
    "strategy.controller.entropyBonus": 0,
    "strategy.controller.logitDecay": 0,
    "evaluator.ownBatches": true,
    "evaluator.policyEvaluation": true,
  };
  const micro = { "space.legacyReduce": true, "evaluator.rewardDropout": true };
  const macro = { "evaluator.rewardStatistics": "running" };
  const defects = { normalise: false, "augment.inEvaluation": true };
  assert.deepEqual(of("search", "micro"), { ...searches, ...micro });
  assert.deepEqual(of("search", "macro"), { ...searches, ...macro });
  assert.deepEqual(of("search", "macro-range"), of("search", "macro"));
  // The released final network of channel ranges has separable convolutions.
  assert.deepEqual(of("final", "macro-range"), always);
  assert.deepEqual(of("final", "micro"), always);
  assert.deepEqual(of("final", "macro"), { ...always, "space.legacyFixed": true });
  assert.deepEqual(of("search", "macro", "codebrim"), {
    ...{ ...searches, ...macro, ...defects },
  });
  assert.deepEqual(of("final", "macro", "codebrim"), {
    ...{ ...always, ...defects, "space.legacyFixed": true },
  });
  // NNabla clips, trains its auxiliary head, decays by λw and has weights of its own at first.
  const nnabla = {
    "evaluator.rewardStatistics": "running",
    "evaluator.ownBatches": true,
    "strategy.controller.momentum": 0,
  };
  for (const space of ["micro", "macro"]) {
    assert.deepEqual(of("search", space, "nnabla"), nnabla);
    assert.deepEqual(of("final", space, "nnabla"), {});
  }
  // Every one is a setting, and a value that it may have.
  for (const preset of ["quick", "paper", "nnabla", "codebrim"]) {
    resolveSearchConfig({ mode: "macro", preset, faithful: true });
    resolveRetrainConfig({ space: "macro", preset, faithful: true });
  }
  resolveSearchConfig({ mode: "micro", preset: "paper", faithful: true });
});

Deno.test("the page of recipes lists every quirk with its settings", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/recipes.md", import.meta.url));
  const rows = page.split("\n").filter((line) => line.startsWith("| Q"));
  assert.equal(rows.length, quirks.length);
  quirks.forEach(({ id, what, search, final, why }, i) => {
    const settings = Object.entries({ ...search, ...final }).map(([k, v]) => `\`${k}=${v}\``);
    const [, number, text, last] = rows[i].split("|").map((cell) => cell.trim());
    assert.equal(number, id);
    assert.ok(text.startsWith(what), text);
    assert.equal(last, settings.join(", ") || why);
  });
});

/** The parameters of every batch norm of a network, by scope, and its weights. */
function network(mode: string, form: "search" | "final", changes = {}) {
  const sizes = { layers: 3, filters: 4, blocks: 1, auxHead: false, ...changes };
  const space = spaceAt(mode, sizes);
  const choice = mode === "macro" ? [0, 1, 1, 5, 0, 1] : [0, 0, 1, 1, 0, 2, 1, 4];
  const weights = new WeightStore();
  const into = { weights, input: [8, 8, 3], classes: 2, form, sharedStatistics: true } as const;
  const tape = new Tape();
  const pass = { training: true, batchStatistics: true, seed: 1, step: 0, steps: 1 };
  space.build(space.decode(choice), into).forward(tape.input([1, 8, 8, 3]), pass);
  const norms = tape.nodes.filter(({ op }) => op.name === "batch_norm").map((
    { scope, params },
  ) => ({
    scope,
    params: params as { epsilon: number; debias: boolean; decay: number; update: boolean },
  }));
  return { norms, weights, tape };
}

Deno.test("batch norm after a searched macro operation has ε 1e-3 and is not debiased, every other is 1e-5", () => {
  const forms = [["macro", "search"], ["macro", "final"], ["micro", "search"], ["micro", "final"]];
  for (const [mode, form] of forms as ["macro" | "micro", "search" | "final"][]) {
    const { norms } = network(mode, form);
    assert.ok(norms.length > 4);
    for (const { scope, params } of norms) {
      const searched = mode === "macro" && form === "search" && /op\d\/out$/.test(scope);
      assert.equal(params.epsilon, searched ? 1e-3 : 1e-5, `${mode} ${form} ${scope}`);
      assert.equal(params.debias, !searched, `${mode} ${form} ${scope}`);
      assert.equal(params.decay, 0.9);
      // Norms of a micro supernet's banks keep no running statistics.
      const bank = mode === "micro" && form === "search" && /in\d$/.test(scope);
      assert.equal(params.update, !bank, `${mode} ${form} ${scope}`);
    }
  }
  for (const { params } of network("macro", "final", { bnDebias: false }).norms) {
    assert.equal(params.debias, false);
  }
});

Deno.test("a reduction cell of the search reads h(l−2), in the released form h(l−1) twice", () => {
  for (const legacyReduce of [false, true]) {
    const { weights } = network("micro", "search", { legacyReduce });
    const { shape } = weights.params().find(({ name }) => name === "layer1/fit0/even")!;
    // Before the first layer is the stem with three times the filters.
    assert.deepEqual(shape, [legacyReduce ? 4 : 12, 4]);
  }
});

Deno.test("rates: a transient where a cycle restarts, a staircase, a constant", () => {
  const optimizer = (changes: object) => ({
    ...resolveSearchConfig({ mode: "macro", preset: "paper" }).optimizer,
    ...changes,
  });
  const released = optimizer({ restartTransient: true });
  const middle = (0.05 + 0.0005) / 2;
  assert.ok(Math.abs(learningRate(released, 10, 0.1, true) - middle) < 1e-12);
  assert.equal(learningRate(released, 10, 0.1, false), 0.05);
  assert.equal(learningRate(released, 0, 0, true), 0.05);
  assert.equal(learningRate(released, 11, 0.1, true), learningRate(released, 11, 0.1));
  assert.equal(learningRate(optimizer({}), 10, 0.1, true), 0.05);
  const stairs = optimizer({ schedule: "staircase", lrMax: 0.1 });
  const rates = [0, 99, 100, 250].map((e) => learningRate(stairs, e, 0).toFixed(6));
  assert.deepEqual(rates, ["0.100000", "0.100000", "0.010000", "0.001000"]);
  assert.equal(learningRate(optimizer({ schedule: "constant" }), 77, 0.5), 0.05);
});
