/** Architectures with known results for `denas zero-cost`: rows of a table, or trials of a finished search. */
import { UsageError } from "../common/errors.ts";
import { Rng, salted, Stream } from "../common/random.ts";
import type { Judged } from "../nas/analysis/zero_cost.ts";
import {
  applyOverrides,
  parseSearchConfig,
  resolveSearchConfig,
  type SearchConfig,
} from "../nas/config/config.ts";
import { openSpace } from "../nas/registry.ts";
import type { SearchSpace } from "../nas/space.ts";
import { objectiveOf, openTable, scoresOf, type Table, taskOf } from "../nas/tables/mod.ts";
import { readHistory } from "../run/read_history.ts";
import { readSearch } from "../run/read_run.ts";
import { fromHere, places, shortPath } from "./paths.ts";
import { dataName } from "./read_settings.ts";
import { definedOnly } from "./run_options.ts";
import { isFile, isFolder, runPath } from "./run_path.ts";

/** Options that choose the architectures, their networks and their images. */
export interface SourceOptions {
  architectures?: number;
  dataset?: string;
  by?: string;
  space?: string;
  preset: string;
  data?: string;
  dataDir?: string;
  scoreBatch: number;
  seed?: number;
  set?: Record<string, unknown>;
  runs: string;
}

/** Architectures with results, and the config that their networks and images come from. */
export interface Source {
  name: string;
  /** Name of the results, for tables: "validation accuracy". */
  metric: string;
  config: SearchConfig;
  dataDir?: string;
  architectures: Judged[];
}

/** Data sets of tables that denas can load too. */
const available = ["cifar10", "cifar100"];

/** Opens a source. @param name of a table's file, or of a run or its folder. */
export async function openSource(name: string, options: SourceOptions): Promise<Source> {
  const settings = {
    ...definedOnly({ seed: options.seed, data: await dataName(options.data) }),
    ...options.set,
  };
  const run = runPath(name, options.runs);
  const isTable = isFile(fromHere(name));
  if (!isTable && !isFolder(run)) {
    throw new UsageError(
      `Cannot read ${name}: there is neither such a file nor such a run, expected a table of results, or the ` +
        `folder or name of a finished search; "denas runs" lists those`,
    );
  }
  const source = isTable
    ? await fromTable(name, options, settings)
    : fromRun(run, options, settings);
  const { length } = source.architectures;
  if (length >= 3) return source;
  throw new UsageError(
    `Cannot correlate ${length} architectures of ${source.name}: expected at least 3 with results`,
  );
}

async function fromTable(
  name: string,
  { architectures = 100, preset, seed = 1, scoreBatch, ...options }: SourceOptions,
  settings: Record<string, unknown>,
): Promise<Source> {
  const configOf = (mode: string, more = {}) =>
    resolveSearchConfig({
      mode,
      preset,
      overrides: {
        ...{
          strategy: "random",
          "evaluator.kind": "zero-cost",
          "evaluator.scoreBatch": scoreBatch,
        },
        ...more,
        ...settings,
      },
    });
  const given = options.space === undefined ? undefined : openSpace(configOf(options.space).space);
  const table = await openTable(fromHere(name), { space: given, cacheDir: places().cacheDir });
  try {
    const task = taskOf(table, options.dataset);
    const objective = objectiveOf(table, options.by ?? task.report);
    const known = available.includes(task.dataset) ? { data: task.dataset } : {};
    const config = configOf(options.space ?? table.space, known);
    const results = scoresOf(table, objective);
    const order = new Rng(seed, salted(Stream.search, 4)).permutation(results.length);
    return {
      name: table.name,
      metric: objective.metric.label,
      config,
      architectures: rowsOf(table, openSpace(config.space), results, [...order], architectures),
    };
  } finally {
    table.close();
  }
}

/** The first `most` rows in this order that have a result. */
function rowsOf(
  table: Table,
  space: SearchSpace<unknown>,
  results: Float64Array,
  order: readonly number[],
  most: number,
): Judged[] {
  return order.filter((i) => Number.isFinite(results[i])).slice(0, most).map((i) => {
    const choice = table.choice(i);
    return { key: space.key(space.decode(choice)), choice, result: results[i] };
  });
}

/** Whole trials of a search that have a score, each architecture once. */
function fromRun(
  path: string,
  { architectures, scoreBatch }: SourceOptions,
  settings: Record<string, unknown>,
): Source {
  const { config, state } = readSearch(path);
  const evaluator = { kind: "zero-cost", scoreBatch };
  const changed: Record<string, unknown> = structuredClone({ ...config, evaluator });
  applyOverrides(changed, settings);
  const { trials, start } = readHistory(path);
  const found = new Map<string, Judged>();
  for (const { key, choice, score, status = "ok", partial = false } of trials) {
    if (status === "ok" && !partial) found.set(key, { key, choice, result: score });
  }
  return {
    name: shortPath(path),
    metric: start.score?.label ?? "score",
    config: parseSearchConfig(changed),
    dataDir: state.dataDir,
    architectures: [...found.values()].slice(0, architectures),
  };
}
