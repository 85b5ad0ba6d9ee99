/** `denas zero-cost`: how well scores of untrained networks rank architectures whose results are known. */
import { join } from "@std/path";
import { type Command, InvalidArgumentError } from "commander";
import {
  correlateZeroCost,
  zeroCost,
  type ZeroCostCorrelation,
  type ZeroCostPoint,
} from "../nas/analysis/zero_cost.ts";
import { limits } from "../nas/config/limits.ts";
import { openSpace } from "../nas/registry.ts";
import { firstBatch } from "../nas/zero_cost/first_batch.ts";
import { zeroCostNames, zeroCostScores } from "../nas/zero_cost/mod.ts";
import { LineFile, linesIfThere, requireFolder, writeAtomic } from "../run/files.ts";
import { scored, type ScoreJob, type ScoreOpening } from "../run/workers/score.ts";
import { type Equipment, withEquipment } from "./equipment.ts";
import { fromHere, shortPath } from "./paths.ts";
import { numberAbove0, setting, sizeUpTo, whole } from "./option_values.ts";
import { findIn, valuesOnWorkers } from "./open_workers.ts";
import { print, printError, table as lines } from "./terminal.ts";
import { addWorkerOptions, wantsWorkers, type WorkerOptions } from "./workers.ts";
import { openSource, type Source, type SourceOptions } from "./zero_cost_source.ts";

/** Options of correlating, whatever the source is. */
export interface CorrelateOptions extends WorkerOptions {
  zcMethod: string[];
  top?: number;
  out: string;
  runs: string;
  dataDir?: string;
  wait?: boolean;
  json?: boolean;
}

type ZeroCostCommand = SourceOptions & CorrelateOptions;

export function addZeroCost(program: Command, finish: (code: number) => void): void {
  const names = zeroCostScores.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`);
  const command = program.command("zero-cost")
    .argument("<source>", "table of results, or the folder or name of a finished search")
    .description("Correlate scores of untrained networks with results of trained ones.")
    .option("--zc-method <list>", "which scores, or all", methods, [...zeroCostNames])
    .option("--top <share>", "compare only this share, that with the best results", share)
    .option(
      "--architectures <n>",
      "how many (default: 100 drawn from a table, all of a search)",
      sizeUpTo(limits.architectures),
    )
    .option("--dataset <name>", "data set, where the table has several")
    .option("--by <metric>", "compare with this metric; -metric: small is good")
    .option("--space <name>", "space of a table of your own")
    .option("--preset <name>", "sizes of the networks of a table's space", "paper")
    .option("--data <name>", "images: a built-in set or a folder (default: those of the source)")
    .option("--data-dir <folder>", "look for the data set here first")
    .option("--score-batch <n>", "training images that networks see", sizeUpTo(limits.batch), 64)
    .option("--seed <n>", "of the draw, the images and the weights", whole)
    .option("--set <name=value>", "any other setting of a search, repeatable", setting)
    .option("--out <folder>", "where results are written", ".")
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--wait", "wait when another run has the adapter")
    .option("--json", "print the correlations as JSON");
  addWorkerOptions(command, "score architectures")
    .addHelpText(
      "after",
      `
Scores:
${names.join("\n")}

Single scores are kept in zero_cost.ndjson: those that the file has already are not measured again. The
correlations are written as zero_cost_proxy2.json, or zero_cost_<score>.json for one score; with --top as
zero_cost_top_<per cent>_<score>.json.

Examples:
  $ denas zero-cost nb201.csv --dataset cifar10 --architectures 200
  $ denas zero-cost nb201.csv --zc-method nwot,synflow --top 0.2
  $ denas zero-cost 2026-01-31-darts-1 --zc-method nwot
  $ denas zero-cost nb201.csv --architectures 1000 --workers 2`,
    ).action(async (name: string, options: ZeroCostCommand) =>
      finish(await correlateSource(await openSource(name, options), options))
    );
}

/** Scores the architectures of a source, prints the correlations and writes their files. @returns the exit code. */
export async function correlateSource(source: Source, options: CorrelateOptions): Promise<number> {
  requireFolder(fromHere(options.out));
  const job = { command: "search" as const, config: source.config };
  const dataDir = options.dataDir ?? source.dataDir;
  return await withEquipment(job, { ...options, dataDir }, async (equipment) => {
    if (!("dataset" in equipment)) throw new Error("Cannot score networks without images");
    const points = await measure(source, options, equipment);
    report(points, source, options);
    return 0;
  });
}

/** Reads a list of scores, or `all`. */
export function methods(text: string): string[] {
  if (text === "all") return [...zeroCostNames];
  return text.split(",").map((part) => {
    const word = part.trim();
    if (zeroCostNames.some((name) => name === word)) return word;
    throw new InvalidArgumentError(`one of ${zeroCostNames.join(", ")}, or all`);
  });
}

/** Reads a share above 0. */
export function share(text: string): number {
  const value = numberAbove0(text);
  if (value <= 1) return value;
  throw new InvalidArgumentError("a share from 0 to 1");
}

/** A line of zero_cost.ndjson: a point with the settings that its score depends on. */
type Line = ZeroCostPoint & { of: string };

/** Measures the points that the file does not have yet. @returns all, architecture by architecture. */
async function measure(
  source: Source,
  options: CorrelateOptions,
  equipment: Equipment,
): Promise<ZeroCostPoint[]> {
  const { name, metric, config, architectures } = source;
  const { zcMethod, out } = options;
  const { seed, data, evaluator: { scoreBatch } } = config;
  const of = JSON.stringify({ name, metric, data, seed, scoreBatch, space: config.space });
  const path = join(fromHere(out), "zero_cost.ndjson");
  const known = new Map<string, ZeroCostPoint>(
    linesIfThere<Line>(path).filter((line) => line.of === of).map((line) => [keyOf(line), line]),
  );
  const skip = (point: PointKey) => known.has(keyOf(point));
  const kept = new LineFile(path);
  try {
    const measured = wantsWorkers(options)
      ? onWorkers(source, options, equipment, skip)
      : here(source, options, equipment, skip);
    for await (const point of measured) {
      kept.append(JSON.stringify({ of, ...point } satisfies Line));
      known.set(keyOf(point), point);
      const all = architectures.length * zcMethod.length;
      equipment.progress.redraw(() => `${known.size} of ${all}  ${point.method}`);
    }
  } finally {
    equipment.progress.clear();
    kept.close();
  }
  return architectures.flatMap(({ key, result }) =>
    zcMethod.map((method) => ({ ...known.get(keyOf({ method, key }))!, result }))
  );
}

type PointKey = Pick<ZeroCostPoint, "method" | "key">;
const keyOf = ({ method, key }: PointKey): string => `${method} ${key}`;

/** Measures in this process. */
async function* here(
  { config, architectures }: Source,
  { zcMethod }: CorrelateOptions,
  { gpu, dataset, signal, progress }: Equipment,
  skip: (point: PointKey) => boolean,
): AsyncGenerator<ZeroCostPoint> {
  const { seed, evaluator: { scoreBatch } } = config;
  const first = await firstBatch({ config, io: { dataset }, gpu }, scoreBatch);
  yield* zeroCost({
    parts: { gpu, space: openSpace(config.space), seed, first },
    architectures,
    methods: zcMethod,
    signal,
    skip,
    onCompile: (done, all) => progress.redraw(() => `compiling kernels: ${done} of ${all}`),
  });
}

/** Measures on workers: each gets all scores of an architecture. */
async function* onWorkers(
  { config, architectures, dataDir }: Source,
  options: CorrelateOptions,
  { signal, progress, tuning }: Equipment,
  skip: (point: PointKey) => boolean,
): AsyncGenerator<ZeroCostPoint> {
  const { zcMethod, out } = options;
  const payloads = architectures.map((of): ScoreJob => ({
    of: { ...of, choice: [...of.choice] },
    methods: zcMethod.filter((method) => !skip({ method, key: of.key })),
  })).filter(({ methods }) => methods.length > 0);
  const find = findIn(options.dataDir ?? dataDir);
  const value: ScoreOpening = { config, methods: zcMethod, tuning: tuning.choices, find };
  const folder = join(fromHere(out), "zero_cost.workers");
  requireFolder(folder);
  const of = {
    opening: { kind: "score", plugins: config.plugins, value },
    data: config.data,
    ...{ folder, started: JSON.stringify({ config, zcMethod }), progress },
  };
  const doing = ({ of: { key } }: ScoreJob) => `score ${key}`;
  const found = valuesOnWorkers(options, of, { payloads, schema: scored, doing }, signal);
  for await (const points of found) yield* points;
}

/** Prints the correlations and writes their files. */
function report(
  points: readonly ZeroCostPoint[],
  { metric }: Source,
  { zcMethod, top, out, json }: CorrelateOptions,
): void {
  const found = correlateZeroCost(points, top);
  const files = filesOf(found, zcMethod, top);
  for (const [name, content] of files) {
    writeAtomic(join(fromHere(out), name), JSON.stringify(content, null, 1) + "\n");
  }
  print(json ? JSON.stringify(found, null, 1) : tableOf(found));
  printError(`with ${metric}; written to ${shortPath(join(fromHere(out), [...files.keys()][0]))}`);
}

/** Contents of the files by their published names. */
function filesOf(
  found: Record<string, ZeroCostCorrelation>,
  asked: readonly string[],
  top: number | undefined,
): Map<string, unknown> {
  if (top === undefined && asked.length > 1) return new Map([["zero_cost_proxy2.json", found]]);
  const part = top === undefined ? "" : `top_${Number((100 * top).toPrecision(6))}_`;
  return new Map(
    Object.entries(found).map((
      [method, correlation],
    ) => [`zero_cost_${part}${method}.json`, { [method]: correlation }]),
  );
}

const tableOf = (found: Record<string, ZeroCostCorrelation>): string =>
  lines(
    ["score", "Kendall τ", "Spearman", "Pearson", "seconds", "networks", "without score"],
    Object.entries(found).map(([method, c]) => [
      method,
      c.kendalltau.toFixed(3),
      c.spearman.toFixed(3),
      c.pearson.toFixed(3),
      c.time.toFixed(3),
      String(c.architectures),
      String(c.unscored),
    ]),
  );
