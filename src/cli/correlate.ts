/** `denas correlate`: whether shared weights rank networks as separate training does. */
import { limits } from "../nas/config/limits.ts";
import type { Command } from "commander";
import { UsageError } from "../common/errors.ts";
import {
  type BrieflyTrained,
  type BriefTraining,
  correlate,
  type CorrelationState,
  type CorrelationSummary,
  type RankCorrelation,
  summariseCorrelation,
} from "../nas/analysis/correlate.ts";
import { correlationPath, readCorrelation, writeCorrelation } from "../run/correlation.ts";
import { readEarlierWeights } from "../run/earlier_weights.ts";
import { interruptedCode } from "../run/interrupt.ts";
import { readSearch } from "../run/read_run.ts";
import { readRunTuning, runTuningPath } from "../run/tuning.ts";
import type { SearchConfig } from "../nas/config/config.ts";
import { brieflyTrained, type BriefOpening } from "../run/workers/brief_training.ts";
import { findIn, valuesOnWorkers } from "./open_workers.ts";
import { addWorkerOptions, wantsWorkers, type WorkerOptions } from "./workers.ts";
import { type Equipment, withEquipment } from "./equipment.ts";
import { numberAbove0, sizeUpTo, whole } from "./option_values.ts";
import { shortPath } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { duration, percent, print, printError, table, thousands } from "./terminal.ts";

interface CorrelateOptions extends WorkerOptions {
  architectures: number;
  minutes: number;
  seed: number;
  again?: boolean;
  runs: string;
  dataDir?: string;
  wait?: boolean;
  json?: boolean;
}

export function addCorrelate(program: Command, finish: (code: number) => void): void {
  const command = program.command("correlate")
    .argument("<run>", "folder of a search, or its name")
    .description(
      "Train a sample of architectures briefly; compare with their shared-weight scores.",
    )
    .option(
      "--architectures <n>",
      "how many, drawn uniformly from the space",
      sizeUpTo(limits.compared),
      12,
    )
    .option("--minutes <n>", "longest training of one of them", numberAbove0, 2)
    .option("--seed <n>", "of the draw and of each training", whole, 1)
    .option("--again", "measure anew where there are results of other settings")
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--data-dir <folder>", "look for the data set here first")
    .option("--wait", "wait when another run has the adapter")
    .option("--json", "print the results as JSON");
  addWorkerOptions(command, "train")
    .addHelpText(
      "after",
      `
All architectures get the same number of steps: what the largest can make in the given time. Results are
kept in the run's folder as correlation.json; the same command goes on where it was stopped.

Examples:
  $ denas correlate 2026-01-31-micro-1
  $ denas correlate runs/2026-01-31-macro-2 --architectures 20 --minutes 5 --workers 2`,
    ).action(async (name: string, options: CorrelateOptions) => {
      const code = await run(runPath(name, options.runs), options);
      if (code === interruptedCode) printError("interrupted; the same command goes on");
      finish(code);
    });
}

async function run(path: string, options: CorrelateOptions): Promise<number> {
  if (options.architectures < 3) {
    throw new UsageError(
      `Cannot correlate ${options.architectures} architectures: expected at least 3`,
    );
  }
  const { config, state } = readSearch(path);
  const earlier = earlierOf(path, options);
  const dataDir = options.dataDir ?? state.dataDir;
  const job = { command: "search" as const, config };
  const tuning = readRunTuning(runTuningPath(path)) ? runTuningPath(path) : false;
  return await withEquipment(job, { ...options, dataDir, tuning }, async (equipment) => {
    if (!("dataset" in equipment)) {
      throw new UsageError(
        `Cannot correlate ${shortPath(path)}: it searched on a table, expected shared weights`,
      );
    }
    const { gpu, dataset, signal, progress } = equipment;
    const shared = readEarlierWeights(path, "search");
    const { architectures, minutes, seed } = options;
    let workers = 1;
    const of = { config, seed, dataDir };
    const train = wantsWorkers(options)
      ? (trainings: readonly BriefTraining[]) =>
        onWorkers(trainings, path, of, options, equipment, (n) => workers = n)
      : undefined;
    const parts = { config, gpu, dataset, signal, seed };
    const asked = { ...parts, shared, architectures, minutes, earlier, train };
    return await follow(path, correlate(asked), options, (state) => {
      progress.line(progressLine(state, workers));
    });
  });
}

/** Trains on workers, one architecture per job. */
function onWorkers(
  payloads: readonly BriefTraining[],
  folder: string,
  { config, seed, dataDir }: { config: SearchConfig; seed: number; dataDir?: string },
  options: WorkerOptions,
  { signal, progress, tuning }: Equipment,
  onCapacity: (workers: number) => void,
): AsyncGenerator<BrieflyTrained> {
  const value: BriefOpening = { config, seed, tuning: tuning.choices, find: findIn(dataDir) };
  const of = {
    opening: { kind: "train", plugins: config.plugins, value },
    data: config.data,
    ...{ folder, started: `correlate ${seed}`, progress },
  };
  const doing = ({ choice }: BriefTraining) => `train ${choice.join(" ")}`;
  const jobs = { payloads, schema: brieflyTrained, doing, onCapacity };
  return valuesOnWorkers(options, of, jobs, signal);
}

/**
 * Earlier results: continued if they have the same settings, otherwise an error, so that none is overwritten
 * by mistake.
 */
function earlierOf(path: string, options: CorrelateOptions): CorrelationState | undefined {
  if (options.again) return undefined;
  const earlier = readCorrelation(path);
  if (!earlier) return undefined;
  const { seed, minutes, architectures } = earlier;
  const same = seed === options.seed && minutes === options.minutes &&
    architectures.length === options.architectures;
  if (same) return earlier;
  throw new UsageError(
    `Cannot go on with ${shortPath(correlationPath(path))}: it has ${architectures.length} ` +
      `architectures, ${minutes} minutes and seed ${seed}; ask for the same, or measure anew with --again`,
  );
}

async function follow(
  path: string,
  states: AsyncIterable<CorrelationState>,
  options: CorrelateOptions,
  tell: (state: CorrelationState) => void,
): Promise<number> {
  let last: CorrelationState | undefined;
  for await (const state of states) {
    writeCorrelation(path, state, summariseCorrelation(state));
    tell(state);
    last = state;
  }
  const summary = summariseCorrelation(last!)!;
  print(
    options.json ? JSON.stringify({ ...last, summary }) : correlationReport(last!, summary),
  );
  return 0;
}

/** The line of one more trained architecture, with the time left. @param workers that train at the same time. */
export function progressLine({ architectures, steps }: CorrelationState, workers: number): string {
  const trained = architectures.filter((a) => a.trainedAccuracy !== undefined);
  const [k, n] = [trained.length, architectures.length];
  const latest = trained.at(-1);
  if (!latest) return `${n} architectures, ${steps} steps each`;
  const mean = trained.reduce((sum, a) => sum + a.seconds!, 0) / k;
  const left = mean * (n - k) / Math.max(1, Math.min(workers, n - k));
  return `${k}/${n}  shared ${percent(latest.sharedScore)}  trained ${
    percent(latest.trainedAccuracy!)
  }  ${duration(latest.seconds!)}  ${duration(left)} left`;
}

/** Table of architectures, best shared-weight score first, and the correlation explained. */
export function correlationReport(state: CorrelationState, summary: CorrelationSummary): string {
  const sorted = state.architectures.toSorted((a, b) => b.sharedScore - a.sharedScore);
  const byTraining = sorted.toSorted((a, b) => b.trainedAccuracy! - a.trainedAccuracy!);
  const rows = sorted.map((one, i) => [
    String(i + 1),
    percent(one.sharedScore),
    percent(one.trainedAccuracy!),
    String(byTraining.indexOf(one) + 1),
    thousands(one.parameters),
    one.choice.join(" "),
  ]);
  const head = ["rank", "shared weights", "trained", "rank trained", "parameters", "architecture"];
  const { n, kendall, spearman, parametersKendall } = summary;
  return [
    table(head, rows),
    "",
    `Kendall's τ-b  ${figures(kendall)}`,
    `Spearman's ρ   ${figures(spearman)}`,
    `The number of parameters alone: τ-b ${signed(parametersKendall)}`,
    "",
    meaning(kendall, n),
    `Both accuracies are of validation images; each of the ${n} networks was trained for ${
      thousands(state.steps)
    } steps of ${state.batch} images, far from its best.`,
  ].join("\n");
}

const signed = (x: number) => `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(2)}`;

const figures = ({ value, interval: [low, high], p }: RankCorrelation) =>
  `${signed(value)}  (95 % interval ${signed(low)} … ${signed(high)}, p = ${p.toPrecision(2)})`;

function meaning({ value, p }: RankCorrelation, n: number): string {
  if (Number.isNaN(value)) {
    return "Nothing can be said: all architectures have the same score, or trained to the same accuracy.";
  }
  if (p >= 0.05) {
    return `Not shown that shared weights rank these ${n} networks better than chance would.`;
  }
  const pairs = Math.round(100 * (1 + value) / 2);
  return value > 0
    ? `Shared weights rank better than chance: of two networks they put about ${pairs} % in the order of their training.`
    : `Shared weights rank worse than chance: they put only about ${pairs} % of pairs in the order of their training.`;
}
