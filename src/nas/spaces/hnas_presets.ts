/**
 * Training settings of Schrodi et al. ("Construction of Hierarchical Neural Architecture Search Spaces based on
 * Context-free Grammars", NeurIPS 2023): preset `hnas` of the grammar spaces. Numbers are float32 here, where the
 * original uses mixed precision.
 */
import { none, optimizer, paperFinal, paperSearch, standard } from "../config/preset_defaults.ts";
import type { Presets } from "../config/preset_sections.ts";

const sgd = {
  ...optimizer,
  // One cycle of the restarting schedule is a cosine that steps once per epoch.
  schedule: "cosine-restarts",
  tMul: 1,
  lrMin: 0,
  l2Half: true,
  momentum: 0.9,
  nesterov: false,
} as const;

const ofBenchmark = {
  epochs: 200,
  batch: 256,
  optimizer: { ...sgd, t0: 200, lrMax: 0.1, nesterov: true, l2: 5e-4 },
  augment: standard,
} as const;

/** How the networks of each kind of objective are trained. */
export const hnasTrainings = {
  /** CIFAR-10 and CIFAR-100, as NAS-Bench-201. */
  cifar: ofBenchmark,
  imagenet16: { ...ofBenchmark, augment: { ...standard, pad: 2 } },
  /** AddNIST, CIFARTile. */
  composed: {
    epochs: 64,
    batch: 64,
    optimizer: { ...sgd, t0: 64, lrMax: 0.01, l2: 3e-4 },
    augment: none,
  },
  /** ResNet-20 with a searched activation: 182 epochs of 352 steps are 64,064 steps. */
  activations: {
    epochs: 182,
    batch: 128,
    optimizer: { ...sgd, schedule: "staircase", lrMax: 0.1, l2: 1e-4, lrDecay: 0.1 },
    augment: standard,
  },
  darts: {
    epochs: 50,
    batch: 64,
    optimizer: {
      ...sgd,
      t0: 50,
      lrMax: 0.025,
      l2: 3e-4,
      clip: "global",
      clipNorm: 5,
    },
    augment: standard,
  },
} as const;

/** Name of such a training. */
export type HnasTraining = keyof typeof hnasTrainings;

/** Sections of preset `hnas`. @param space settings of the space. */
export function hnasPresets(
  training: HnasTraining,
  data: string,
  space: Record<string, unknown>,
): { search: Presets["search"][string]; final: Presets["final"][string] } {
  const { epochs, ...settings } = hnasTrainings[training];
  return {
    search: {
      ...paperSearch,
      ...settings,
      data,
      space,
      strategy: "evolution",
      controller: undefined,
      epochs: 1,
      rounds: 150,
      perRound: 1,
      evaluator: {},
      selection: { drawn: 0, best: 1, images: 0 },
      auxWeight: 0,
    },
    final: { ...paperFinal, ...settings, epochs, data, space, auxWeight: 0 },
  };
}
