/**
 * Settings for the spaces of published benchmarks. `paper`: how the networks behind the tables were trained,
 * as far as SGD can; searches are regularised evolution on shared weights unless told otherwise.
 */
import type { RetrainConfig, SearchConfig } from "./config.ts";
import {
  aging,
  child,
  finalChild,
  none,
  optimizer,
  paperMicro,
  paperMicroFinal,
} from "./recipes.ts";

export type Benchmark = "nasbench101" | "nasbench201" | "nasbench-macro" | "darts";

type Sizes = Pick<SearchConfig["child"], "layers" | "filters" | "blocks">;

/** Cells and channels of the published networks. */
export const published: Record<Benchmark, Sizes> = {
  nasbench101: { layers: 9, filters: 128, blocks: 5 },
  nasbench201: { layers: 15, filters: 16, blocks: 5 },
  "nasbench-macro": { layers: 8, filters: 32, blocks: 5 },
  darts: { layers: 20, filters: 36, blocks: 4 },
};

/** What two CPU cores train in minutes. */
const small: Record<Benchmark, Sizes> = {
  nasbench101: { layers: 3, filters: 16, blocks: 5 },
  nasbench201: { layers: 3, filters: 16, blocks: 5 },
  "nasbench-macro": { layers: 8, filters: 8, blocks: 5 },
  darts: { layers: 4, filters: 8, blocks: 4 },
};

const least: Record<Benchmark, Sizes> = {
  nasbench101: { layers: 3, filters: 4, blocks: 5 },
  nasbench201: { layers: 3, filters: 4, blocks: 5 },
  "nasbench-macro": { layers: 8, filters: 2, blocks: 5 },
  darts: { layers: 3, filters: 4, blocks: 2 },
};

const standard = { ...none, pad: 4, flip: true } as const;
const cosine = { ...optimizer, schedule: "cosine", lrMin: 0, l2Half: true } as const;

const final = {
  ...paperMicroFinal,
  child: { ...finalChild, keep: 1 },
  augment: standard,
  allTraining: true,
};

/** Training protocols: Ying et al. 2019 §2.3; Dong & Yang 2020 §2.3; Su et al. 2021; Liu et al. 2019 §3.2. */
const paperFinal: Record<Benchmark, RetrainConfig> = {
  nasbench101: {
    ...final,
    space: "nasbench101",
    epochs: 108,
    batch: 256,
    child: { ...final.child, ...published.nasbench101, bnDecay: 0.997 },
    // RMSProp with ε = 1 in the release, which for its small gradients is nearly this.
    optimizer: { ...cosine, lrMax: 0.2, nesterov: false },
  },
  nasbench201: {
    ...final,
    space: "nasbench201",
    epochs: 200,
    batch: 256,
    child: { ...final.child, ...published.nasbench201 },
    optimizer: { ...cosine, lrMax: 0.1, l2: 5e-4 },
  },
  "nasbench-macro": {
    ...final,
    space: "nasbench-macro",
    epochs: 50,
    batch: 256,
    child: { ...final.child, ...published["nasbench-macro"] },
    optimizer: { ...cosine, lrMax: 0.1, l2: 5e-4, nesterov: false },
  },
  darts: {
    ...final,
    space: "darts",
    epochs: 600,
    batch: 96,
    child: { ...final.child, ...published.darts, auxHead: true, dropPathKeep: 0.8 },
    optimizer: { ...cosine, lrMax: 0.025, l2: 3e-4, nesterov: false, clip: "global" },
    augment: { ...standard, cutout: 16 },
  },
};

const quickFinal = (space: Benchmark): RetrainConfig => ({
  ...final,
  preset: "quick",
  space,
  data: "fashion-mnist",
  validImages: 3000,
  epochs: space === "nasbench201" ? 1 : 2,
  batch: 64,
  evalBatch: 64,
  logEvery: 10,
  child: { ...final.child, ...small[space], stem: 2 },
  optimizer: { ...optimizer, schedule: "cosine", lrMax: 0.1, lrMin: 0, l2: 1e-4 },
  augment: { ...none, flip: true },
  allTraining: false,
});

const smokeFinal = (space: Benchmark): RetrainConfig => ({
  ...quickFinal(space),
  preset: "smoke",
  trainImages: 1024,
  validImages: 256,
  epochs: 1,
  batch: 32,
  evalBatch: 32,
  child: { ...final.child, ...least[space], stem: 2 },
});

const paperSearch = (mode: Benchmark): SearchConfig => ({
  ...paperMicro,
  mode,
  strategy: "evolution",
  batch: 256,
  child: { ...child, ...published[mode], keep: 1 },
  optimizer: { ...cosine, lrMax: 0.1, l2: 5e-4 },
});

const quickSearch = (mode: Benchmark): SearchConfig => ({
  ...paperSearch(mode),
  preset: "quick",
  data: "fashion-mnist",
  trainImages: 13440,
  validImages: 2000,
  epochs: 4,
  batch: 96,
  evalBatch: 128,
  logEvery: 10,
  child: { ...child, ...small[mode], stem: 2, keep: 1 },
  optimizer: { ...optimizer, schedule: "cosine", lrMax: 0.1, lrMin: 0.001 },
  augment: none,
  rounds: 12,
  perRound: 10,
  rewardBatch: 128,
  selection: { drawn: 16, best: 4, images: 1000 },
  evolution: { ...aging, population: 20, tournament: 5 },
});

const smokeSearch = (mode: Benchmark): SearchConfig => ({
  ...quickSearch(mode),
  preset: "smoke",
  trainImages: 1024,
  validImages: 256,
  epochs: 2,
  batch: 32,
  evalBatch: 32,
  child: { ...child, ...least[mode], stem: 2, keep: 1 },
  rounds: 2,
  perRound: 4,
  rewardBatch: 32,
  selection: { drawn: 4, best: 2, images: 128 },
  evolution: { ...aging, population: 4, tournament: 2 },
});

/** Whether a space is a benchmark's. */
export const isBenchmark = (space: string): space is Benchmark => Object.hasOwn(published, space);

function each<T>(make: (space: Benchmark) => T): Record<Benchmark, T> {
  return {
    nasbench101: make("nasbench101"),
    nasbench201: make("nasbench201"),
    "nasbench-macro": make("nasbench-macro"),
    darts: make("darts"),
  };
}

export const benchmarkSearch = {
  smoke: each(smokeSearch),
  quick: each(quickSearch),
  paper: each(paperSearch),
};

export const benchmarkFinal = {
  smoke: each(smokeFinal),
  quick: each(quickFinal),
  paper: paperFinal,
};

/**
 * What an evaluator other than shared weights changes in a search, unless told otherwise: nothing is drawn at
 * the end, since scores do not change; a table is asked as often as its literature does, 150 times; a
 * training of its own costs as much as many scores.
 */
export const evaluatorDefaults = {
  shared: {},
  table: {
    epochs: 1,
    rounds: 150,
    perRound: 1,
    "selection.drawn": 0,
    "selection.best": 1,
    "evolution.population": 30,
    "evolution.tournament": 10,
  },
  train: {
    epochs: 1,
    rounds: 20,
    perRound: 1,
    "selection.drawn": 0,
    "selection.best": 1,
    "evolution.population": 5,
    "evolution.tournament": 2,
  },
} as const;
