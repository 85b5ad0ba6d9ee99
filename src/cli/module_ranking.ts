/** Samples modules and scores them: by a table, by a brief training, or by their parameters. */
import { Rng, Stream } from "../common/random.ts";
import { type Overrides, resolveSearchConfig, type SearchConfig } from "../nas/config/config.ts";
import { openSpace } from "../nas/registry.ts";
import { openSearch } from "../nas/search/search.ts";
import { memoryStore } from "../nas/search/store.ts";
import {
  type Module,
  moduleOf,
  moduleParameters,
  sampleModules,
} from "../nas/spaces/modular_pool.ts";
import { formatNb101 } from "../nas/spaces/nasbench101.ts";
import { nb101Counts } from "../nas/spaces/nasbench101_cells.ts";
import { metricOf, requireSpace, type Table, taskOf, toFraction } from "../nas/tables/mod.ts";
import { type Equipment, withEquipment } from "./equipment.ts";
import { fromHere } from "./paths.ts";
import { dataName } from "./read_settings.ts";
import { openShowing } from "./table.ts";
import { percent, printNote, thousands } from "./terminal.ts";

/** Options that ranking depends on. */
export interface RankOptions {
  rank?: "table" | "training" | "zero-cost" | "parameters" | "none";
  score: string;
  samples: number;
  seed: number;
  table?: string;
  metric?: string;
  runs: string;
  preset: string;
  data?: string;
  dataDir?: string;
  wait?: boolean;
  set?: Overrides;
}

/** Sampled modules with the scores that rank them. */
export interface Ranked {
  modules: Module[];
  /** By hash; null without ranking. */
  scores: ReadonlyMap<string, number> | null;
  source: string;
  show(score: number): string;
}

export function byParameters({ samples, seed }: RankOptions): Ranked {
  const modules = sampleModules(samples, seed);
  return {
    modules,
    scores: new Map(modules.map((module) => [module.hash, moduleParameters(module)])),
    source: "number of parameters (a zero-cost score)",
    show: thousands,
  };
}

export function unranked({ samples, seed }: RankOptions): Ranked {
  const modules = sampleModules(samples, seed);
  return { modules, scores: null, source: "no ranking", show: String };
}

/**
 * Scores from a table. A table of all cells is asked for sampled ones, as published; of a smaller one, rows are
 * sampled.
 */
export async function byTable(
  { samples, seed, table: file, metric: name }: RankOptions,
): Promise<Ranked> {
  const table = await openShowing(fromHere(file!), openSpace({ kind: "nasbench101" }));
  try {
    requireSpace(table, "nasbench101");
    const metric = metricOf(table, name ?? taskOf(table).report);
    const rng = new Rng(seed, Stream.search, 1);
    const rows = sampledRows(table, samples, seed, rng);
    const scores = new Map(rows.map(({ row, module }) => {
      const column = metric.runs ? rng.pick(metric.runs) : metric.name;
      return [module.hash, table.column(column)[row] * toFraction(metric)];
    }));
    const share = metric.unit === "%" || metric.unit === "fraction";
    return {
      modules: rows.map(({ module }) => module),
      scores,
      source: `table ${table.name}, ${metric.name}${metric.runs ? ", one training at random" : ""}`
        .slice(0, 200),
      show: share ? percent : String,
    };
  } finally {
    table.close();
  }
}

function sampledRows(table: Table, samples: number, seed: number, rng: Rng) {
  const all = nb101Counts.reduce((sum, n) => sum + n, 0);
  if (table.size >= all) {
    return sampleModules(samples, seed).map((module) => ({
      module,
      row: table.indexOf(module.hash),
    }));
  }
  printNote(
    `${table.name} has ${thousands(table.size)} of ${thousands(all)} cells: its rows are sampled`,
  );
  const rows = Array.from(rng.permutation(table.size).slice(0, samples));
  return rows.map((row) => {
    const choice = table.choice(row);
    return {
      row,
      module: moduleOf(formatNb101({ edges: choice.slice(0, 21), ops: choice.slice(21) })),
    };
  });
}

/**
 * Scores each module in a network of its own: by the validation accuracy after a brief training, or untrained.
 * @returns the exit code of `use`, or 130 when the user stopped it.
 */
export async function byNetworks(
  options: RankOptions,
  use: (ranked: Ranked) => Promise<void>,
): Promise<number> {
  const modules = sampleModules(options.samples, options.seed);
  const different = [...new Map(modules.map((module) => [module.hash, module])).values()];
  const config = await configFor(different, options);
  const job = { command: "search" as const, config };
  return await withEquipment(job, options, async (equipment) => {
    const { scores, label, share } = await scored(different, config, equipment as Equipment);
    const { evaluator: { epochs }, data, seed } = config;
    const trained = options.rank === "training" ? ` of ${epochs} epochs` : "";
    await use({
      modules,
      scores,
      source: `${label}${trained} on ${data}, seed ${seed}`,
      show: (score) => shown(score, share),
    });
    return 0;
  });
}

async function configFor(
  modules: readonly Module[],
  { rank, score, preset, data, set }: RankOptions,
): Promise<SearchConfig> {
  return resolveSearchConfig({
    mode: "modular",
    preset,
    overrides: {
      ...data !== undefined && { data: await dataName(data) },
      ...set,
      "space.modules": modules.map(({ text }) => text),
      "space.initialModules": 1,
      "space.minModules": 1,
      "space.maxModules": 1,
      ...rank === "zero-cost"
        ? { "evaluator.kind": "zero-cost", "evaluator.score": score }
        : { "evaluator.inherit": "none" },
      rounds: modules.length,
      perRound: 1,
    },
  });
}

async function scored(
  modules: readonly Module[],
  config: SearchConfig,
  { gpu, dataset, signal, progress }: Equipment,
): Promise<{ scores: Map<string, number>; label: string; share: boolean }> {
  const { evaluator, start } = await openSearch(config, gpu, {
    signal,
    dataset,
    store: memoryStore(),
  });
  const trials = modules.map((_, id) => ({ id, arch: { modules: [id] } }));
  const scores = new Map<string, number>();
  const { label = "score", unit } = start.score ?? {};
  const share = unit === "fraction";
  for await (const result of evaluator.evaluate(trials, "reward", signal)) {
    const said = result.status === "ok" ? shown(result.score.value, share) : result.reason;
    progress.line(
      `module ${result.trial + 1} of ${modules.length}  ${said}  ${Math.round(result.seconds)} s`,
    );
    // A module without a score ranks last.
    const score = result.status === "ok" ? result.score.value : -Number.MAX_VALUE;
    scores.set(modules[result.trial].hash, score);
  }
  return { scores, label, share };
}

const shown = (score: number, share: boolean): string =>
  share ? percent(score) : String(Number(score.toPrecision(6)));
