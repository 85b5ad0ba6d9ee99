/**
 * Modular NAS (Böcking, Philipp & Kulbach, "Towards Modular Neural Architecture Search", ICLR 2020 NAS
 * workshop): sequences of modules from a pool of NAS-Bench-101 cells, in a wide residual skeleton. `choice`
 * holds the number of modules above the smallest, where that is not fixed, then the modules by their index in
 * the pool.
 */
import { UsageError } from "../../common/errors.ts";
import type { Rng } from "../../common/random.ts";
import { defineSpace } from "../definition.ts";
import type { Cursor, Decision, SearchSpace } from "../space.ts";
import { requireSearchForm, toModel } from "./child.ts";
import { networkGraph, pictures } from "./modular_graphs.ts";
import { modularNetwork, type Placed } from "./modular_network.ts";
import {
  choosePool,
  type Module,
  moduleOf,
  moduleParameters,
  sampleModules,
} from "./modular_pool.ts";
import { modularPresets } from "./modular_presets.ts";
import { type ModularSettings, modularSettings } from "./modular_settings.ts";

/** A sequence of modules, by their index in the pool. */
export interface ModularArch {
  modules: number[];
}

export const modularDefinition = defineSpace({
  name: "modular",
  summary: "modular NAS: sequences of NAS-Bench-101 cells from a pool, in a residual skeleton",
  settings: modularSettings,
  presets: modularPresets,
  open: modularSpace,
  completed: (settings) => ({ ...settings, modules: poolOf(settings) }),
  carried: (
    { modules, channels, numStages, initialModules, minModules, maxModules, stem },
  ) => ({ modules, channels, numStages, initialModules, minModules, maxModules, stem }),
  aliases: publishedNames(),
  channels: { code: "modular", paper: "modular" },
  example: {
    settings: {
      filters: 2,
      numStages: 1,
      stem: 2,
      initialModules: 2,
      minModules: 1,
      maxModules: 3,
    },
    choice: [1, 4, 0],
  },
});

/** Names of the published configuration, also with its prefix `eval_`. */
function publishedNames(): Record<string, string> {
  const names: Record<string, string> = {
    data_set: "data",
    num_modules: "space.numModules",
    num_samples: "space.numSamples",
    ranked: "space.ranked",
    num_stages: "space.numStages",
    initial_module_count: "space.initialModules",
    // Spelled so in the released code.
    inital_module_count: "space.initialModules",
    min_module_count: "space.minModules",
    min_modules_count: "space.minModules",
    max_module_count: "space.maxModules",
    prob_mutation: "space.probMutation",
    filters: "space.filters",
    population: "strategy.population",
    population_size: "strategy.population",
    sample_size: "strategy.tournament",
    cycles: "rounds",
    weight_mode: "evaluator.inherit",
    sliding_windows: "evaluator.slidingWindows",
    thresholds: "evaluator.thresholds",
    batch_size: "batch",
  };
  const prefixed = Object.entries(names).map(([name, setting]) => [`eval_${name}`, setting]);
  // Without the prefix this name is a setting of the loop.
  return { ...names, ...Object.fromEntries(prefixed), eval_epochs: "evaluator.epochs" };
}

/** The pool's cells: those given, or those drawn, of which the ones with the most parameters are taken. */
function poolOf(settings: ModularSettings): string[] {
  if (settings.modules.length > 0) return settings.modules;
  const { numModules, numSamples, ranked, poolSeed } = settings;
  const sampled = sampleModules(numSamples, poolSeed);
  const score = ranked ? (module: Module) => moduleParameters(module) : null;
  return choosePool(sampled, numModules, score).modules.map(({ text }) => text);
}

/** Says that a pool was drawn, and by what it was ranked; empty for a pool that was given. */
function notesOn(settings: ModularSettings): string[] {
  const { modules, numModules, numSamples, ranked, poolSeed } = settings;
  const drawn = poolOf({ ...settings, modules: [] });
  if (drawn.join() !== modules.join()) return [];
  const chosen = ranked
    ? `those with the most parameters, a zero-cost score`
    : "the first ones, without ranking";
  const more = drawn.length - numModules;
  const ties = more > 0 ? ` (${more} more than asked for, whose scores tie)` : "";
  return [
    `The pool of ${drawn.length} modules${ties} was chosen from ${numSamples} sampled cells (seed ${poolSeed}): ${chosen}; ` +
    `denas modules ranks by a table or by training, and --modules takes what it wrote`,
  ];
}

function modularSpace(given: ModularSettings): SearchSpace<ModularArch> {
  const config = { ...given, modules: poolOf(given) };
  const { minModules, maxModules } = config;
  requireLengths(config);
  const pool = config.modules.map(moduleOf);
  const placed = ({ modules }: ModularArch): Placed[] =>
    modules.map((id) => ({ module: pool[id], id }));
  const decode = (choice: readonly number[]): ModularArch => {
    let at = start(config, pool.length);
    for (const option of choice) at = at.choose(option);
    if (at.decision !== null) throw wrongLength(choice.length, choice.length + 1);
    return { modules: choice.slice(minModules < maxModules ? 1 : 0) };
  };
  return {
    name: "modular",
    summary: `${lengths(config)} modules of a pool of ${pool.length}`,
    notes: notesOn(config),
    size: () => sizeOf(config, pool.length),
    start: () => start(config, pool.length),
    decode,
    encode: ({ modules }) => [
      ...minModules < maxModules ? [modules.length - minModules] : [],
      ...modules,
    ],
    key: ({ modules }) => modules.join("-"),
    supernet: (into) => {
      requireSearchForm(into);
      const sized = { ...into, config };
      for (let length = minModules; length <= maxModules; length++) {
        pool.forEach((module, id) => {
          const sequence = new Array<Placed>(length).fill({ module, id });
          toModel(sized, modularNetwork(sequence, sized));
        });
      }
    },
    build: (arch, into) => {
      const sized = { ...into, config };
      return toModel(sized, modularNetwork(placed(arch), sized));
    },
    graphs: (arch) => [networkGraph(placed(arch))],
    picture: (arch) => pictures(placed(arch), config),
    // The slots of the released code: the stem, each block, the classifier.
    slot: (weight) => /^position\d+\/block\d+\/module\d+|^[^/]+/.exec(weight)![0],
    sample: (rng) => ({
      modules: Array.from({ length: config.initialModules }, () => rng.below(pool.length)),
    }),
    mutate: (arch, rng) => mutate(arch, rng, config, pool.length),
    neighbours: (arch) => neighbours(arch, config, pool.length),
    crossover: (a, b, rng) => [{
      modules: a.modules.map((id, i) => rng.next() < 0.5 ? id : b.modules[i] ?? id),
    }],
  };
}

const lengths = ({ minModules, maxModules }: ModularSettings): string =>
  minModules === maxModules ? String(minModules) : `${minModules} … ${maxModules}`;

/** Number of sequences, which all differ. */
function sizeOf({ minModules, maxModules }: ModularSettings, pool: number) {
  let size = 0;
  for (let length = minModules; length <= maxModules; length++) size += pool ** length;
  return { log10: Math.log10(size), log10Distinct: Math.log10(size) };
}

function requireLengths({ initialModules, minModules, maxModules }: ModularSettings): void {
  if (minModules <= initialModules && initialModules <= maxModules) return;
  throw new UsageError(
    `Cannot use sequences of ${minModules} … ${maxModules} modules that begin with ${initialModules}: ` +
      "expected minModules ≤ initialModules ≤ maxModules",
  );
}

function start({ minModules, maxModules }: ModularSettings, pool: number): Cursor {
  if (minModules === maxModules) return position(0, minModules, pool);
  const options = maxModules - minModules + 1;
  const decision: Decision = {
    id: "length",
    name: "number of modules",
    kind: "number",
    node: 0,
    options,
    labels: Array.from({ length: options }, (_, i) => String(minModules + i)),
  };
  return {
    decision,
    choose: (option) => position(0, minModules + checked(decision, option), pool),
  };
}

/** The decision at a position of a sequence. */
function position(at: number, length: number, pool: number): Cursor {
  if (at === length) {
    return {
      decision: null,
      choose: () => {
        throw wrongLength(at + 1, at);
      },
    };
  }
  const decision: Decision = {
    id: `position${at}/module`,
    name: `module at position ${at}`,
    kind: "op",
    node: at,
    options: pool,
    labels: Array.from({ length: pool }, (_, id) => `module ${id}`),
  };
  return {
    decision,
    choose: (option) => (checked(decision, option), position(at + 1, length, pool)),
  };
}

function checked({ name, options }: Decision, option: number): number {
  if (Number.isInteger(option) && option >= 0 && option < options) return option;
  throw new UsageError(
    `Cannot decode modular architecture: ${name}: got ${option}, expected 0 … ${options - 1}`,
  );
}

const wrongLength = (got: number, expected: number) =>
  new UsageError(
    `Cannot decode modular architecture: got ${got} choices, expected ${expected}; the number of modules ` +
      `may be another`,
  );

/**
 * The published mutation: a module is replaced by one of the pool, perhaps by itself, or else a coin decides
 * whether the last module is dropped or one is appended. At a bound nothing changes.
 */
function mutate(
  { modules }: ModularArch,
  rng: Rng,
  { probMutation, minModules, maxModules }: ModularSettings,
  pool: number,
): ModularArch {
  if (rng.next() < probMutation) {
    const at = rng.below(modules.length);
    return { modules: modules.with(at, rng.below(pool)) };
  }
  if (rng.next() < 0.5) {
    return { modules: modules.length > minModules ? modules.slice(0, -1) : modules };
  }
  return { modules: modules.length < maxModules ? [...modules, rng.below(pool)] : modules };
}

/** Every replacement of one module, and every sequence that is longer or shorter by the last module. */
function neighbours(
  { modules }: ModularArch,
  { minModules, maxModules }: ModularSettings,
  pool: number,
): ModularArch[] {
  const ids = Array.from({ length: pool }, (_, id) => id);
  return [
    ...modules.flatMap((own, at) =>
      ids.flatMap((id) => id === own ? [] : [{ modules: modules.with(at, id) }])
    ),
    ...modules.length > minModules ? [{ modules: modules.slice(0, -1) }] : [],
    ...modules.length < maxModules ? ids.map((id) => ({ modules: [...modules, id] })) : [],
  ];
}
