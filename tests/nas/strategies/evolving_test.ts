/** Bayesian optimisation whose candidates evolve, in spaces of derivation trees. */
import assert from "node:assert/strict";
import { resolveSearchConfig } from "../../../src/nas/config/config.ts";
import type { GrammarArch } from "../../../src/nas/grammar/grammar.ts";
import type { Predictor } from "../../../src/nas/predictors/predictor.ts";
import { openSpace } from "../../../src/nas/registry.ts";
import { openStrategy } from "../../../src/nas/search/parts.ts";
import type { SearchSpace } from "../../../src/nas/space.ts";
import {
  acquisitionEvolution,
  evolveCandidate,
} from "../../../src/nas/strategies/acquisition_evolution.ts";
import { modelBasedStrategy } from "../../../src/nas/strategies/model_based.ts";
import { mutationSampler } from "../../../src/nas/strategies/recipes.ts";
import { findCandidates } from "../../../src/nas/strategies/candidates.ts";
import { variationOf } from "../../../src/nas/strategies/variation.ts";
import { Rng, Stream } from "../../../src/common/random.ts";

const opened = (strategy: string, grammar: string) => {
  const config = resolveSearchConfig({
    mode: "grammar",
    preset: "paper",
    overrides: {
      strategy,
      "space.grammar": grammar,
      "evaluator.kind": "debug",
      "strategy.pool": 12,
      "strategy.initial": 4,
    },
  });
  const space = openSpace(config.space) as SearchSpace<GrammarArch>;
  const open = () => openStrategy(config, space as SearchSpace<unknown>, { gpu: null });
  return { space, open };
};
const { space: cells } = opened("gp-hwl", "nb201_fixed_1_none");
const variation = variationOf(cells);

/** Number of 3×3 convolutions. */
const merit = (arch: GrammarArch) => cells.key(arch).split("conv3x3").length - 1;

const around = (taken: ReadonlySet<string>, ranked: readonly GrammarArch[] = []) => ({
  variation,
  key: (arch: GrammarArch) => cells.key(arch),
  whole: null,
  ranked,
  taken,
  rng: new Rng(1, Stream.search),
  acquire: (archs: readonly GrammarArch[]) => Float64Array.from(archs, merit),
});

Deno.test("evolution finds the cell of most convolutions, and the next best where that one is taken", () => {
  const plan = { ...acquisitionEvolution, pool: 40 };
  const best = evolveCandidate(plan, around(new Set()))!;
  assert.equal(best.value, 6);
  assert.equal(evolveCandidate(plan, around(new Set([best.key])))!.value, 5);
});

Deno.test("evolution ends after eleven generations without a better candidate, at the latest after fifty", () => {
  let generations = 0;
  const count = (value: (generation: number) => number) => {
    generations = 0;
    evolveCandidate({ ...acquisitionEvolution, pool: 4 }, {
      ...around(new Set()),
      acquire(archs) {
        generations++;
        return Float64Array.from(archs, () => value(generations));
      },
    });
    // The first ones are no generation of children.
    return generations - 1;
  };
  assert.equal(count(() => 1), 11);
  assert.equal(count((generation) => generation), 50);
  assert.equal(count((generation) => Math.min(generation, 20)), 24);
});

Deno.test("the mutation sampler rates 250 candidates, 12 different mutations of each parent among them", () => {
  const parent = cells.decode([2, 2, 2, 2, 2, 2]);
  const found = findCandidates({ ...mutationSampler, fill: 0 }, around(new Set(), [parent]));
  assert.equal(found.length, 12);
  assert.equal(findCandidates(mutationSampler, around(new Set(), [parent])).length, 250);
});

for (const strategy of ["gp-hwl", "gp-wl", "gp-nasbot"]) {
  Deno.test(`${strategy}: a search in the hierarchical space goes on to the bit, with the model of each trial`, async () => {
    const { space, open } = opened(strategy, "nb201_variable_multi_multi");
    const score = (arch: unknown) => -Math.abs(4000 - space.key(arch as GrammarArch).length);
    const step = async (search: Awaited<ReturnType<typeof open>>) => {
      const trials = await search.ask(1);
      await search.tell(trials.map((t) => ({ ...t, score: { value: score(t.arch) } })));
      return trials[0];
    };
    const search = await open();
    for (let i = 0; i < 6; i++) await step(search);
    const again = await open();
    await again.restore(JSON.parse(JSON.stringify(await search.snapshot())));
    const [a, b] = [await step(search), await step(again)];
    assert.deepEqual(b, a);
    const kernels = { "gp-hwl": 6, "gp-wl": 1, "gp-nasbot": 1 }[strategy];
    assert.equal(a.model!.kernels.length, kernels);
    assert.ok(Math.abs(a.model!.weights.reduce((sum, w) => sum + w) - 1) < 1e-12);
    assert.ok(a.model!.noise >= 1e-5 && a.model!.noise <= 1);
  });
}

/** Writes down what it learns from and predicts 7 for everything. */
function recorder() {
  const fits: [archs: string[], losses: number[]][] = [];
  const predictor: Predictor<GrammarArch> = {
    fit: (archs, losses) => void fits.push([archs.map((arch) => cells.key(arch)), [...losses]]),
    predict: (archs) => ({
      mean: new Float64Array(archs.length).fill(7),
      deviation: new Float64Array(archs.length).fill(1),
    }),
  };
  return { fits, predictor };
}

const search = (predictor: Predictor<GrammarArch>) =>
  modelBasedStrategy(variation, 1, {
    name: "mine",
    initial: 3,
    batch: 1,
    pending: true,
    predictors: [predictor],
    acquisition: "ei-full",
    candidates: { ...acquisitionEvolution, pool: 8 },
    key: (arch) => cells.key(arch),
    target: (scores) => scores.map((score) => -score),
  });

Deno.test("failed trials are not learned from and not asked for again", async () => {
  const { fits, predictor } = recorder();
  const bayesian = search(predictor);
  const first = await bayesian.ask(3);
  const failed = cells.key(first[1].arch);
  await bayesian.tell(first.map((t, i) => ({
    ...t,
    score: { value: i },
    ...i === 1 && { status: "failed" as const, reason: "it diverged" },
  })));
  const asked = await bayesian.ask(1);
  assert.deepEqual(fits[0][1], [-0, -2]);
  assert.ok(!fits[0][0].includes(failed));
  assert.notEqual(cells.key(asked[0].arch), failed);
});

Deno.test("trials that are still evaluated count with their predicted losses, in a restored search too", async () => {
  const { fits, predictor } = recorder();
  let bayesian = search(predictor);
  const first = await bayesian.ask(3);
  await bayesian.tell(first.map((t, i) => ({ ...t, score: { value: i } })));
  const [open] = await bayesian.ask(1);
  const state = JSON.parse(JSON.stringify(await bayesian.snapshot()));
  bayesian = search(predictor);
  await bayesian.restore(state);
  const [next] = await bayesian.ask(1);
  const [keys, losses] = fits.at(-1)!;
  assert.deepEqual(losses, [-0, -1, -2, 7]);
  assert.equal(keys[3], cells.key(open.arch));
  assert.notEqual(cells.key(next.arch), cells.key(open.arch));
});
