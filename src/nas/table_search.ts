/** A search on a table of a benchmark: nothing is trained, and no data set is opened. */
import { UsageError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import { compileAhead } from "./compiling.ts";
import type { SearchConfig } from "./config.ts";
import { TableEvaluator } from "./evaluators/table.ts";
import type { SearchParts } from "./loop.ts";
import { furtherObjectives, limits, openSpace, sizesIn } from "./parts.ts";
import { openStrategy } from "./strategies/mod.ts";
import { indexIn, metricOf, objectiveOf, openTable, requireSpace, scoresOf } from "./tables/mod.ts";

/** Data sets of tables that can be had here. */
const available = ["cifar10", "cifar100"];

/**
 * @param gpu for strategies that learn on a device, else null.
 * @throws UsageError where table and space do not fit; DataError where the table is damaged.
 */
export async function openTableSearch(
  config: SearchConfig,
  gpu: Gpu | null,
  { cacheDir, signal }: { cacheDir?: string; signal: AbortSignal },
): Promise<SearchParts<unknown>> {
  const path = config.evaluator.table;
  if (path === "") {
    throw new UsageError("Cannot search on a table: none is named; name its file with --table");
  }
  const space = openSpace(config.mode, config.child);
  const table = await openTable(path, { space, cacheDir, signal });
  requireSpace(table, space.name);
  const evaluator = new TableEvaluator(space, table, config);
  const { task, objective, report } = evaluator.roles;
  const maximised = `${metricOf(table, objective.replace(/^-/, "")).label} (${objective})`;
  const reported = `${report.label} (${report.name})`;
  const sizes = sizesIn(space, { ...task, config: config.child });
  const column = (name: string) => {
    const scores = scoresOf(table, objectiveOf(table, name));
    return (arch: unknown) => scores[indexIn(table, space.key(arch))];
  };
  const { stem, layers, filters, branches, blocks } = config.child;
  const strategy = await openStrategy(config, space, {
    gpu,
    cacheDir,
    signal,
    fidelities: evaluator.fidelities,
  });
  return {
    config,
    space,
    evaluator,
    strategy,
    fits: limits(config, sizes),
    objectives: furtherObjectives(config, sizes, column),
    scoreKind: "table",
    unfit: evaluator.worst,
    report: (arch) => ({
      objective: maximised,
      metric: reported,
      value: evaluator.report(arch),
    }),
    async *compile() {
      if (!gpu) return;
      const dispatched = gpu.dryRun(() => strategy.dryRun?.(config.perRound));
      yield* compileAhead(gpu, dispatched, signal);
    },
    figures: () => ({ step: 0, trainedImages: 0, peakBytes: gpu?.counters.bufferBytes ?? 0 }),
    archFields: {
      format: "denas-arch",
      version: 1,
      space: space.name,
      input: [...task.input],
      classes: task.classes,
      stem,
      layers,
      filters,
      branches,
      blocks,
      ...available.includes(task.dataset) && { data: task.dataset },
      seed: config.seed,
      strategy: config.strategy,
    },
    start: {
      space: space.name,
      strategy: config.strategy,
      evaluator: "table",
      table: {
        name: table.name,
        size: table.size,
        objective: maximised,
        report: reported,
      },
      epochs: config.epochs,
      stepsPerEpoch: 0,
      parameters: 0,
    },
  };
}
