/**
 * Presets of grammar spaces. `hnas` and those that begin with it train as Schrodi et al. (NeurIPS 2023) do, but in
 * float32: `hnas` on CIFAR and ImageNet16-120, `hnas-synthetic` on addNIST
 * and CIFARTile, `hnas-activations` and `hnas-darts` those grammars. Every network is trained from scratch.
 */
import { none, standard } from "../config/preset_defaults.ts";
import type { FinalSection, Presets, SearchSection } from "../config/preset_sections.ts";
import { benchmarkPresets, cosine } from "./benchmark_presets.ts";

const benchmark = benchmarkPresets({
  published: { filters: 16 },
  small: { filters: 8 },
  least: { filters: 2 },
  training: { epochs: 200, batch: 256, optimizer: { ...cosine, lrMax: 0.1, l2: 5e-4 } },
  quickEpochs: 1,
});

/** Settings of a published training, and its epochs per trial of a search and in a retraining. */
interface Published {
  epochs: { trial: number; final: number };
  /** Settings that search and retraining share. */
  both: Partial<Pick<SearchSection & FinalSection, "data" | "batch" | "augment" | "optimizer">>;
  final?: Partial<FinalSection>;
  space?: Record<string, unknown>;
  /** Further settings of the evaluator. */
  evaluator?: Record<string, unknown>;
}

/** A cosine to 0 that falls once per epoch: one cycle of the schedule with restarts. */
function oneCycle(epochs: number) {
  return { ...cosine, schedule: "cosine-restarts", t0: epochs, tMul: 1 } as const;
}

const published: Readonly<Record<string, Published>> = {
  hnas: {
    epochs: { trial: 200, final: 200 },
    both: { data: "nb201_cifar10", optimizer: { ...oneCycle(200), lrMax: 0.1, l2: 5e-4 } },
  },
  "hnas-synthetic": {
    epochs: { trial: 64, final: 64 },
    both: {
      data: "addnist",
      batch: 64,
      augment: none,
      optimizer: { ...oneCycle(64), nesterov: false, lrMax: 0.01, l2: 3e-4 },
    },
  },
  // 64,000 steps of 352 per epoch; the rate falls after 32,000 and 48,000.
  "hnas-activations": {
    epochs: { trial: 182, final: 182 },
    both: {
      data: "act_cifar10",
      batch: 128,
      optimizer: {
        ...cosine,
        schedule: "steps",
        lrSteps: [{ after: 90, factor: 0.1 }, { after: 136, factor: 0.01 }],
        nesterov: false,
        lrMax: 0.1,
        l2: 1e-4,
      },
    },
    space: { grammar: "activations" },
    evaluator: { giveUpAt: 10_000, giveUpError: 0.4 },
  },
  "hnas-darts": {
    epochs: { trial: 50, final: 600 },
    both: {
      data: "darts_cifar10",
      batch: 64,
      optimizer: {
        ...oneCycle(50),
        nesterov: false,
        lrMax: 0.025,
        l2: 3e-4,
        clip: "global",
        clipNorm: 5,
      },
    },
    // Networks of the final training are larger than those of the search.
    final: {
      batch: 96,
      augment: { ...standard, cutout: 16 },
      space: { layers: 20, filters: 36, auxHead: true, dropPathKeep: 0.7 },
    },
    space: { grammar: "darts" },
  },
};

function searchOf({ epochs, both, space, evaluator }: Published): SearchSection {
  const { paper } = benchmark.search;
  const section = trained(paper, epochs.trial);
  return {
    ...section,
    evaluator: { ...section.evaluator, ...evaluator },
    ...both,
    space: { ...paper.space, ...space },
  };
}

function finalOf({ epochs, both, final, space }: Published): FinalSection {
  const { paper } = benchmark.final;
  const { optimizer = paper.optimizer } = both;
  return {
    ...paper,
    epochs: epochs.final,
    ...both,
    optimizer: { ...optimizer, t0: epochs.final },
    ...final,
    space: { ...paper.space, ...space, ...final?.space },
  };
}

/** A search that trains every network for so many epochs, proposed by the published model. */
const trained = (section: SearchSection, epochs: number): SearchSection => ({
  ...section,
  strategy: "gp-hwl",
  evaluatorName: "train",
  evaluator: { epochs },
});

const mapped = <T>(of: (published: Published) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(published).map(([name, one]) => [name, of(one)]));

/** At most 5: small networks without norms on some paths diverge at the rates of others. */
const clipped = { ...cosine, lrMax: 0.1, l2: 5e-4, clip: "global", clipNorm: 5 } as const;

const searches = mapped(searchOf), finals = mapped(finalOf);

export const grammarPresets: Presets = {
  search: {
    smoke: {
      ...trained(benchmark.search.smoke, 1),
      // Its proposals take no time.
      strategy: "evolution",
      trainImages: 256,
      validImages: 128,
      optimizer: clipped,
    },
    quick: {
      ...trained(benchmark.search.quick, 1),
      trainImages: 9600,
      batch: 64,
      optimizer: clipped,
    },
    ...searches,
    paper: searches.hnas,
  },
  final: {
    smoke: { ...benchmark.final.smoke, optimizer: clipped },
    quick: { ...benchmark.final.quick, optimizer: clipped },
    ...finals,
    paper: finals.hnas,
  },
};

/** Presets of a plug-in's grammar: without those for another grammar. */
export const ownGrammarPresets: Presets = {
  search: withoutGrammars(grammarPresets.search),
  final: withoutGrammars(grammarPresets.final),
};

function withoutGrammars<S extends { space: Record<string, unknown> }>(
  sections: Readonly<Record<string, S>>,
): Record<string, S> {
  return Object.fromEntries(
    Object.entries(sections).filter(([, { space }]) => !("grammar" in space)),
  );
}
