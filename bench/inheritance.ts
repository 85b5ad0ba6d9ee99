/**
 * Measures the gain of inherited weights on Fashion-MNIST: for every seed, searches with `--inherit none`, `reuse` and
 * `average`; then each network of a search that inherited something is trained from what it inherited and from
 * scratch, and scored after 1, 2 and 4 epochs. Reports accuracies at equal epochs, epochs and minutes of the
 * searches, and Kendall's τ between the searches' scores and training from scratch for 4 epochs:
 * deno run -A bench/inheritance.ts [--seeds 1,2,3] [--images 4096] [--cycles 10]
 *   [--modes none,reuse,average]
 */
import { parseArgs } from "node:util";
import { usualPlaces } from "../src/data/find.ts";
import { Gpu } from "../src/gpu/mod.ts";
import { correlationInterval, kendall, mean } from "../src/nas/analysis/statistics.ts";
import { resolveSearchConfig, type SearchConfig } from "../src/nas/config/config.ts";
import { donorSource } from "../src/nas/evaluators/train_evaluator.ts";
import { openImages } from "../src/nas/evaluators/images.ts";
import { openSpace } from "../src/nas/registry.ts";
import { search } from "../src/nas/search/search.ts";
import { memoryStore } from "../src/nas/search/store.ts";
import type { Trial } from "../src/nas/strategy.ts";
import { openData } from "../src/nas/train/data_of.ts";
import { learningRate, Scorer, Trainer } from "../src/nas/train/training.ts";
import { inherit } from "../src/nn/inherit.ts";
import { WeightStore } from "../src/nn/weights.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1,2,3" },
    images: { type: "string", default: "4096" },
    cycles: { type: "string", default: "10" },
    modes: { type: "string", default: "none,reuse,average" },
  },
});
const MARKS = [1, 2, 4];
const { signal } = new AbortController();
const gpu = await Gpu.open();

const configOf = (mode: string, seed: number): SearchConfig =>
  resolveSearchConfig({
    mode: "modular",
    overrides: {
      seed,
      "evaluator.inherit": mode,
      // Nothing is thrown away, so that each trial can be trained again from its donors.
      trainImages: Number(values.images),
      rounds: Number(values.cycles),
    },
  });

const env = { HOME: Deno.env.get("HOME"), XDG_CACHE_HOME: Deno.env.get("XDG_CACHE_HOME") };
const dataset = await openData(configOf("none", 1), "search", {
  find: { ...usualPlaces(env, Deno.cwd()) },
});

type Store = ReturnType<typeof memoryStore>;

/** Accuracy after each mark of one training with a constant rate. */
async function curve(config: SearchConfig, trial: Trial<unknown>, store: Store | null) {
  const space = openSpace(config.space);
  using _arena = gpu.arena();
  const { parts: { train, valid, context } } = await openImages(
    { config, space, io: { signal, dataset }, gpu },
    config.evalBatch,
  );
  const weights = new WeightStore();
  const model = space.build(trial.arch, { ...context, form: "final", weights });
  weights.materialise(gpu, config.seed);
  if (store) inherit(weights, await donorSource(space, trial.inherit!, store.weights));
  const trainer = new Trainer(gpu, weights, config.optimizer, config.auxWeight, config.logEvery);
  const scorer = new Scorer(gpu);
  const steps = train.stepsPerEpoch * MARKS.at(-1)!;
  const accuracies: number[] = [];
  for (let step = 0; step < steps; step++) {
    const epoch = Math.floor(step / train.stepsPerEpoch);
    if (step % train.stepsPerEpoch === 0) train.startEpoch(epoch);
    const pass = { seed: config.seed, step, steps };
    const training = { ...pass, training: true, batchStatistics: true };
    const lr = learningRate(config.optimizer, epoch, step / steps);
    await trainer.step(model, train.next(step), training, lr);
    const ends = (step + 1) % train.stepsPerEpoch === 0;
    if (trainer.full || ends) await trainer.tally();
    if (!ends || !MARKS.includes(epoch + 1)) continue;
    const scoring = { ...pass, training: false, batchStatistics: false };
    const [{ accuracy }] = await scorer.score([model], valid.sequential(), scoring);
    accuracies.push(accuracy);
  }
  return accuracies;
}

const percent = (x: number) => (100 * x).toFixed(2);

for (const mode of values.modes.split(",")) {
  const totals = { epochs: 0, minutes: 0, best: [] as number[] };
  const scratch: number[][] = [], inherited: number[][] = [], scores: number[] = [];
  for (const seed of values.seeds.split(",").map(Number)) {
    const config = configOf(mode, seed);
    const space = openSpace(config.space);
    const store = memoryStore();
    // Keeps what a search removes: the curves below need every donor.
    store.weights.remove = () => Promise.resolve();
    const from = performance.now();
    const trials: (Trial<unknown> & { score: number })[] = [];
    for await (const event of search(config, { signal, store, gpu, dataset })) {
      if (event.type !== "trial" || event.on !== "reward") continue;
      totals.epochs += event.trainedEpochs ?? config.evaluator.epochs;
      const arch = space.decode(event.choice);
      trials.push({ id: event.trial, arch, inherit: event.inherit, score: event.score });
    }
    totals.minutes += (performance.now() - from) / 60_000;
    totals.best.push(Math.max(...trials.map(({ score }) => score)));
    for (const trial of trials.filter((t) => t.inherit?.length)) {
      scores.push(trial.score);
      console.error(`${mode} seed ${seed}: trial ${trial.id}`);
      scratch.push(await curve(config, trial, null));
      inherited.push(await curve(config, trial, store));
    }
  }
  console.log(
    `${mode}: ${totals.epochs} epochs and ${
      totals.minutes.toFixed(1)
    } minutes in ${totals.best.length} searches, ` +
      `best ${totals.best.map(percent).join(", ")} %`,
  );
  if (scores.length === 0) continue;
  MARKS.forEach((epochs, i) => {
    const of = (curves: number[][]) => percent(mean(curves.map((c) => c[i])));
    console.log(
      `  after ${epochs} epochs, mean of ${scores.length} networks: inherited ${
        of(inherited)
      } %, ` +
        `from scratch ${of(scratch)} %`,
    );
  });
  const reference = scratch.map((c) => c.at(-1)!);
  const tau = kendall(scores, reference);
  const [low, high] = correlationInterval(tau, scores.length, "kendall");
  console.log(
    `  τ of the searches' scores with ${MARKS.at(-1)} epochs from scratch: ${tau.toFixed(2)} ` +
      `(95 % ${low.toFixed(2)} … ${high.toFixed(2)}, n = ${scores.length})`,
  );
}
gpu.close();
