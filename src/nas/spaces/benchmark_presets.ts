/**
 * Presets of the spaces of published benchmarks. `paper` trains as the networks behind the tables were
 * trained, as far as SGD can. Searches are regularised evolution on shared weights unless the user chooses
 * otherwise.
 */
import {
  optimizer,
  paperFinal,
  paperSearch,
  quickFinal,
  quickSearch,
  smokeFinal,
  smokeSearch,
} from "../config/preset_defaults.ts";
import type { FinalSection, Presets } from "../config/preset_sections.ts";

/** Learning-rate schedule of the published trainings. */
export const cosine = { ...optimizer, schedule: "cosine", lrMin: 0, l2Half: true } as const;

type Sizes = Record<string, unknown>;

export interface BenchmarkRecipe {
  /**
   * Sizes of three networks: the published one, one that two CPU cores train in minutes, and the smallest.
   */
  published: Sizes;
  small: Sizes;
  least: Sizes;
  /** Settings of the published training. */
  training: Partial<FinalSection>;
  /** Epochs of the quick training; default 2. */
  quickEpochs?: number;
}

export function benchmarkPresets(recipe: BenchmarkRecipe): Presets {
  const { published, small, least, training, quickEpochs = 2 } = recipe;
  const search = { ...paperSearch, strategy: "evolution", controller: undefined };
  const quick = {
    ...quickSearch,
    strategy: "evolution",
    controller: undefined,
    epochs: 4,
    space: { ...small, stem: 2 },
  };
  const quickTraining: FinalSection = {
    ...quickFinal,
    trainImages: 0,
    epochs: quickEpochs,
    space: { ...small, stem: 2 },
  };
  return {
    search: {
      smoke: { ...smokeSearch(quick), space: { ...least, stem: 2 } },
      quick,
      paper: {
        ...search,
        batch: 256,
        space: published,
        optimizer: { ...cosine, lrMax: 0.1, l2: 5e-4 },
      },
    },
    final: {
      smoke: { ...smokeFinal(quickTraining), space: { ...least, stem: 2 } },
      quick: quickTraining,
      paper: { ...paperFinal, ...training, space: { ...published, ...training.space } },
    },
  };
}

/** Presets of a space that defines none: those of a benchmark with the space's own defaults. */
export const ownDefaults: Presets = benchmarkPresets({
  published: {},
  small: {},
  least: {},
  training: { optimizer: { ...cosine, lrMax: 0.1, l2: 5e-4 } },
});
