/**
 * `denas surrogate`: how well predictors rank architectures of a table that they were not trained on. Opens
 * no adapter.
 */
import { limits } from "../nas/config/limits.ts";
import { type Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "../common/errors.ts";
import { resolveSearchConfig } from "../nas/config/config.ts";
import { shownEncodings } from "../nas/encodings/shown.ts";
import { allPredictorNames, type PredictorName, predictorNames } from "../nas/predictors/names.ts";
import type { PredictorSettings } from "../nas/predictors/settings.ts";
import { openSpace } from "../nas/registry.ts";
import type { SearchSpace } from "../nas/space.ts";
import {
  subjectsOf,
  summariseSurrogate,
  surrogate,
  type SurrogatePoint,
  type SurrogateSummary,
  type SurrogateTarget,
  surrogateTargets,
} from "../nas/analysis/surrogate.ts";
import { objectiveOf, openTable, scoresOf, type Table, taskOf } from "../nas/tables/mod.ts";
import { LineFile, linesIfThere } from "../run/files.ts";
import { numberAbove0, positive, sizeUpTo, whole } from "./option_values.ts";
import { fromHere, places, shortPath } from "./paths.ts";
import { Progress, stderrScreen } from "./progress.ts";
import { print, printError, table as lines } from "./terminal.ts";

interface SurrogateOptions {
  nTrain: number[];
  predictors: PredictorName[];
  encodings: string[];
  seeds: number;
  seed: number;
  test: number;
  dataset?: string;
  by?: string;
  space?: string;
  strict?: boolean;
  target: SurrogateTarget;
  pathCutoffs?: number[];
  out?: string;
  json?: boolean;
  layers?: number;
  width?: number;
  epochs?: number;
  steps?: number;
  rate?: number;
  loss?: "mae" | "mse" | "mape";
  ensemble?: number;
}

const SIZES = "10,25,50,75,100,150,200,300,400";

export function addSurrogate(program: Command): void {
  const names = Object.entries(predictorNames)
    .map(([name, { summary, sees }]) => `  ${name.padEnd(10)} ${summary} (sees ${sees})`)
    .join("\n");
  const command = program.command("surrogate")
    .argument("<table>", "table of results")
    .description("Measure how well predictors rank architectures that they did not see.")
    .option("--n-train <list>", "sizes of the training set", sizes, sizes(SIZES))
    .option("--predictors <list>", "which, or all", predictorList, ["gp-wl", "gp-rbf"])
    .option("--encodings <list>", "what they see of an architecture", words, [])
    .option("--seeds <n>", "random training sets per size", sizeUpTo(limits.trials), 20)
    .option("--seed <n>", "the first of them", whole, 1)
    .option("--test <n>", "architectures that are held out", sizeUpTo(limits.architectures), 500)
    .option("--dataset <name>", "data set, where the table has several")
    .option("--by <metric>", "predict this metric; -metric: small is good")
    .option("--space <name>", "space of a table of your own")
    .option("--strict", "encodings with the quirks of the published study")
    .option("--path-cutoffs <list>", "lengths of truncated path encodings, each one apart", sizes)
    .addOption(
      new Option("--target <what>", "learn the logarithm of the error, or the error in per cent")
        .choices(surrogateTargets).default("log"),
    );
  addSettings(command)
    .option("--out <file>", "every single result, a JSON line each", "surrogate.ndjson")
    .option("--json", "print the means as JSON")
    .addHelpText(
      "after",
      `
The table shows the mean and deviation over the training sets of Kendall's τ between predicted and true, and the
means of Spearman's ρ, of Pearson's r, of the root mean squared error of the target, of the negative log likelihood
under the predicted normals (– without deviations), and of the mean absolute error in points of per
cent, of held-out architectures and of those trained on.

Predictors:
${names}

Examples:
  $ denas surrogate nb201.csv --n-train 10,25,50,100 --dataset cifar10 --by c10_test_200
  $ denas surrogate nb201.csv --predictors ensemble,gp-rbf --encodings adj,path,trunc_path --seeds 5
  $ denas surrogate nb201.csv --predictors ensemble --encodings trunc_path --path-cutoffs 5,30,155
  $ denas surrogate nb201.csv --predictors ensemble --target error --loss mape --width 50 --ensemble 3

Results that the file has already are not measured again.`,
    ).action((file: string, options: SurrogateOptions) => run(file, options));
}

/** Adds options that override the predictors' own settings. */
const addSettings = (command: Command): Command =>
  command
    .option("--layers <n>", "hidden layers of a network, or graph convolutions", positive)
    .option("--width <n>", "units of each layer", positive)
    .option("--epochs <n>", "passes over the training set", positive)
    .option("--steps <n>", "steps of bohamiann's chain", positive)
    .option("--rate <x>", "learning rate", numberAbove0)
    .addOption(
      new Option("--loss <name>", "of an ensemble: absolute, squared or relative error")
        .choices(["mae", "mse", "mape"]),
    )
    .option("--ensemble <n>", "networks of an ensemble", positive);

/** Settings that were given, in a fixed order. */
function settingsOf(
  { layers, width, epochs, steps, rate, loss, ensemble }: SurrogateOptions,
): PredictorSettings {
  const all = { layers, width, epochs, steps, rate, loss, ensemble };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

const words = (text: string): string[] => text.split(",").map((word) => word.trim());

const sizes = (text: string): number[] =>
  [...new Set(words(text).map(sizeUpTo(limits.compared)))].sort((a, b) => a - b);

function predictorList(text: string): PredictorName[] {
  if (text === "all") return allPredictorNames;
  return words(text).map((word) => {
    const name = allPredictorNames.find((known) => known === word);
    if (name) return name;
    throw new InvalidArgumentError(`one of ${allPredictorNames.join(", ")}, or all`);
  });
}

async function run(file: string, options: SurrogateOptions): Promise<void> {
  const open = (mode: string) => openSpace(resolveSearchConfig({ mode, preset: "paper" }).space);
  const given = options.space === undefined ? undefined : open(options.space);
  const table = await openTable(fromHere(file), { space: given, cacheDir: places().cacheDir });
  try {
    const space = given ?? open(table.space);
    const objective = objectiveOf(table, options.by ?? taskOf(table, options.dataset).report);
    const points = await measure(table, space, scoresOf(table, objective), objective, options);
    const means = summariseSurrogate(points);
    print(options.json ? JSON.stringify(means, null, 1) : tableOf(means));
    printError(
      `${objective.metric.label}; every result is in ${shortPath(fromHere(options.out!))}`,
    );
  } finally {
    table.close();
  }
}

/** A line of the result file. */
type Line = SurrogatePoint & Measured;

/** Parameters in which points of several calls differ. */
interface Measured {
  table: string;
  metric: string;
  testSize: number;
  target: SurrogateTarget;
  settings: PredictorSettings;
}

async function measure(
  table: Table,
  space: SearchSpace<unknown>,
  scores: Float64Array,
  { metric, minimise }: { metric: { name: string }; minimise: boolean },
  options: SurrogateOptions,
): Promise<SurrogatePoint[]> {
  const subjects = subjectsOf(options.predictors, await shownEncodings(space, options));
  const seeds = Array.from({ length: options.seeds }, (_, i) => options.seed + i);
  const settings = settingsOf(options);
  const of: Measured = {
    table: table.name,
    metric: (minimise ? "-" : "") + metric.name,
    testSize: options.test,
    target: options.target,
    settings,
  };
  const path = fromHere(options.out!);
  const earlier = new Map(linesIfThere<Line>(path).map((line) => [keyOf(line), line]));
  const all = seeds.length * subjects.length * options.nTrain.length;
  const progress = new Progress(stderrScreen());
  const kept = new LineFile(path);
  const points: SurrogatePoint[] = [];
  const skip = (point: Parameters<typeof pointKey>[0]) => {
    const known = earlier.get(keyOf({ ...of, ...point }));
    if (known) points.push(known);
    return known !== undefined;
  };
  const measured = surrogate({
    space,
    arch: (index) => space.decode(table.choice(index)),
    scores,
    subjects,
    trainSizes: options.nTrain,
    testSize: options.test,
    seeds,
    target: options.target,
    settings,
    skip,
  });
  try {
    for (const point of measured) {
      kept.append(JSON.stringify({ ...of, ...point } satisfies Line));
      points.push(point);
      progress.redraw(() =>
        `${points.length} of ${all}  ${point.predictor} ${point.encoding}  ${point.trainSize}`
      );
    }
  } finally {
    progress.clear();
    kept.close();
  }
  return points;
}

const pointKey = (p: Pick<SurrogatePoint, "predictor" | "encoding" | "trainSize" | "seed">) =>
  `${p.predictor} ${p.encoding} ${p.trainSize} ${p.seed}`;

/** Key of a measured point. Lines of earlier versions have no target, so their points are measured again. */
const keyOf = (line: Parameters<typeof pointKey>[0] & Measured): string =>
  `${line.table} ${line.metric} ${line.testSize} ${line.target} ${JSON.stringify(line.settings)} ` +
  pointKey(line);

function tableOf(means: readonly SurrogateSummary[]): string {
  if (means.length === 0) throw new UsageError("Cannot show results: there are none");
  return lines(
    [
      "predictor",
      "encoding",
      "trained on",
      "Kendall τ",
      "±",
      "Spearman",
      "Pearson",
      "RMSE",
      "NLL",
      "error %",
      "training",
      "seconds",
    ],
    means.map((m) => [
      m.predictor,
      m.encoding,
      String(m.trainSize),
      m.kendall.toFixed(3),
      m.seeds > 1 ? m.deviation.toFixed(3) : "–",
      m.spearman.toFixed(3),
      m.pearson.toFixed(3),
      m.rmse.toFixed(3),
      m.nll?.toFixed(2) ?? "–",
      m.testError.toFixed(2),
      m.trainError.toFixed(2),
      m.seconds.toFixed(2),
    ]),
  );
}
