/** A run folder as the first version of denas wrote it, with the settings of all spaces and strategies. */
import { join } from "@std/path";
import { readJson } from "../../src/run/folder.ts";
import { makeRun } from "./made_run.ts";

const config = {
  ...{ version: 1, preset: "smoke", data: "fashion-mnist", trainImages: 1024, validImages: 256 },
  ...{ image: 0, resize: 0, decoder: "", normalise: true, seed: 1, initFrom: "" },
  ...{ epochs: 2, batch: 32 },
  child: {
    ...{ form: "search", layers: 3, filters: 4, rangeFilters: 0, branches: 5, blocks: 2, stem: 2 },
    ...{ keep: 0.9, dropPathKeep: 1, auxHead: false },
    ...{ legacyFixed: false, legacyReduce: false, legacyInit: false },
    ...{ bnEpsilon: 0.00001, bnDecay: 0.9, opBnEpsilon: 0.001, bnDebias: true },
    ...{ rewardStatistics: "batch", rewardDropout: false },
  },
  optimizer: {
    ...{ schedule: "cosine", lrMax: 0.1, lrMin: 0.001, t0: 10, tMul: 2, restartTransient: false },
    ...{ lrDecay: 0.1, lrDecayEvery: 100, momentum: 0.9, nesterov: true, resetMomentum: false },
    ...{ l2: 0.0001, l2Half: false, decayAll: false, freezeAux: false, clip: "none", clipNorm: 5 },
  },
  auxWeight: 0.4,
  augment: {
    ...{ pad: 0, crop: false, flip: false, rotate: 0, cutout: 0, cutoutLegacy: false },
    inEvaluation: false,
  },
  ...{ evalBatch: 32, logEvery: 10, adapter: "default", mode: "micro" },
  evaluator: {
    ...{ kind: "shared", table: "", dataset: "", objective: "", report: "", runs: "mean" },
    epochs: 1,
  },
  strategy: "enas",
  encoding: { sample: "", perturb: "", predictor: "", strict: false },
  passes: 1,
  controller: {
    ...{ hidden: 64, lstmLayers: 1, optimizer: "adam", lr: 0.005, temperature: 0 },
    ...{ tanhConstant: 1.1, opTanhReduce: 2.5, entropyWeight: 0.0001, entropyBonus: 0 },
    ...{ logitDecay: 0, baseline: "moving", baselineDecay: 0.9, baselineInit: "first" },
    ...{ skipTarget: 0.4, skipWeight: 0, skipPenaltyCorrected: false, softBias: 0, l2: 0 },
    ...{ momentum: 0.9, beta1: 0.9, epsilon: 1e-8 },
  },
  ...{ rounds: 2, perRound: 4, roundsEvery: 1, rewardBatch: 32, rewardBatches: 1 },
  ...{ ownBatches: false, earlyStopOver: 1, policyEvaluation: false, select: "best" },
  selection: { drawn: 4, best: 2, images: 128 },
  evolution: { population: 4, tournament: 2, initial: 0, drop: "oldest", strict: false },
  objectives: [],
  nsga2: { population: 20, crossover: 0.9 },
  halving: { eta: 3, initial: 0 },
  localSearch: { initial: 1, order: "random", whole: false, atMinimum: "restart" },
  guided: {
    ...{ initial: 0, batch: 0, acquisition: "", predictor: "", candidates: "" },
    settings: { layers: 0, width: 0, epochs: 0, steps: 0, rate: 0, loss: "", ensemble: 0 },
  },
  ...{ maxParams: 0, maxMacs: 0 },
};

/**
 * Makes the run.
 * @param stopAfter epochs of two, when it was interrupted.
 * @returns the name of the run and its settings.
 */
export async function makeOldRun(runs: string, stopAfter?: number) {
  const { layers, filters, blocks, stem, branches } = config.child;
  const overrides = {
    ...{ "space.layers": layers, "space.filters": filters },
    ...{ "space.blocks": blocks, "space.stem": stem },
  };
  const shape = { epochs: config.epochs, perEpoch: 20, stepsPerEpoch: 20, stopAfter, overrides };
  const id = await makeRun(runs, shape);
  const write = (name: string, content: unknown) =>
    Deno.writeTextFileSync(join(runs, id, name), JSON.stringify(content, null, 2));
  write("config.json", config);
  if (stopAfter !== undefined) return { id, config };
  const { settings: _, ...arch } = readJson(join(runs, id, "arch.json")) as Record<string, unknown>;
  write("arch.json", { ...arch, version: 1, stem, layers, filters, branches, blocks });
  return { id, config };
}
