/** `denas compare`: mean and deviation over seeds, and whether differences are significant. */
import type { Command } from "commander";
import { UsageError } from "../common/errors.ts";
import {
  compareRuns,
  type Comparison,
  FEWEST_SEEDS,
  type Group,
  type Metric,
  metricMeaning,
  type Pair,
} from "../run/compare.ts";
import { readRun } from "../run/read_run.ts";
import { listRuns } from "../run/state.ts";
import { fromHere } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { counted, print, printError, scoreText, table, thousands } from "./terminal.ts";

interface CompareOptions {
  runs: string;
  json?: boolean;
}

export function addCompare(program: Command): void {
  program.command("compare")
    .argument("[runs...]", "folders of runs, or their names; all that are done by default")
    .description("Mean ± deviation over seeds, and whether a difference means anything.")
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--json", "print groups and differences as JSON")
    .addHelpText(
      "after",
      `
Runs that differ in their seeds alone are one group. At least ${FEWEST_SEEDS} seeds are needed to tell chance
from a difference: repeat runs with --seeds 1,2,3.

Examples:
  $ denas compare
  $ denas compare runs/2026-01-31-retrain-*
  $ denas compare --json | jq .pairs`,
    ).action((names: string[], options: CompareOptions) => {
      const comparison = compareRuns(pathsOf(names, options.runs).map(readRun));
      requireGroups(comparison);
      print(options.json ? JSON.stringify(asJson(comparison)) : report(comparison));
    });
}

function pathsOf(names: string[], runs: string): string[] {
  if (names.length > 0) return names.map((name) => runPath(name, runs));
  const known = listRuns(fromHere(runs), (problem) => printError(`left out: ${problem}`));
  const done = known.filter(({ state }) => state.status === "done").map(({ path }) => path);
  if (done.length > 0) return done;
  throw new UsageError(`Cannot compare: no run in ${runs} is done; "denas runs" lists all runs`);
}

function requireGroups({ groups, notes }: Comparison): void {
  if (groups.length > 0) return;
  throw new UsageError(["Cannot compare: no finished run to compare", ...notes].join("; "));
}

/** The whole comparison as text. */
export function report(comparison: Comparison): string {
  const { groups, pairs, notes } = comparison;
  const parts: string[] = [];
  for (const command of ["search", "retrain"] as const) {
    const of = groups.filter((g) => g.command === command);
    if (of.length) parts.push(groupsTable(of), ...budgets(of));
  }
  if (pairs.length) parts.push(pairs.map((pair) => pairText(pair)).join("\n"));
  if (pairs.some(({ level }) => level < 0.05)) {
    parts.push(
      "Of several comparisons one comes out by chance more easily: p has to be below 0.05 over their " +
        "number, and the intervals are as much wider.",
    );
  }
  if (groups.some((g) => g.command === "retrain")) parts.push(worth(comparison));
  const metrics = new Set(groups.flatMap((g) => Object.keys(g.metrics) as Metric[]));
  parts.push([...metrics].map((m) => `${metricName[m]}: ${metricMeaning[m]}.`).join("\n"));
  parts.push(...notes.map((note) => `note: ${note}`));
  return parts.join("\n\n");
}

const metricName: Record<Metric, string> = {
  sharedWeights: "shared-weight score",
  shortTraining: "short training",
  score: "score",
  table: "table",
  validation: "validation",
  test: "test",
};

function groupsTable(groups: Group[]): string {
  const [{ command }] = groups;
  const metrics =
    (["sharedWeights", "shortTraining", "score", "table", "validation", "test"] as const)
      .filter((m) => groups.some((g) => g.metrics[m]));
  const head = [command, "space", "seeds", "parameters", ...metrics.map((m) => metricName[m])];
  return table(
    head,
    groups.map((g) => [
      shortLabel(g),
      g.space,
      g.seeds.join(" "),
      // A search without a supernet, as on a table, has none; an old run may not say.
      g.parameters > 0 ? thousands(g.parameters) : "–",
      ...metrics.map((m) => g.metrics[m] ? plusMinus(g.metrics[m].summary, g.unit) : "–"),
    ]),
  );
}

/** Formats as "71.23 ± 0.41 %"; without a deviation for a single seed. */
export function plusMinus(
  { n, mean, deviation }: { n: number; mean: number; deviation: number },
  unit = "fraction",
) {
  if (n < 2) return scoreText(mean, unit);
  const value = unit === "fraction" ? (100 * mean).toFixed(2) : scoreText(mean, "");
  return `${value} ± ${scoreText(deviation, unit)}`;
}

/** Costs of the groups of one kind, and whether they are equal. */
function budgets(groups: Group[]): string[] {
  if (groups.length < 2) return [];
  return [...Map.groupBy(groups, (g) => g.space).values()].filter((g) => g.length > 1).map((of) => {
    const cost = ({ command, trainedImages, queries }: Group) =>
      `${counted(trainedImages, "image")} trained on` +
      (command === "search" ? `, ${counted(queries, "architecture")} scored` : "");
    const [first] = of;
    if (of.every((g) => cost(g) === cost(first))) {
      return `Equal budgets (${first.command}, ${first.space}): ${cost(first)} in each run.`;
    }
    if (of.every((g) => sameButForFinals(g, first))) {
      return `Equal budgets (${first.command}, ${first.space}): ${
        cost(first)
      } in each run, give or ` +
        `take final candidates that coincide.`;
    }
    return [
      `Budgets differ (${first.command}, ${first.space}):`,
      ...of.map((g) => `  ${shortLabel(g)}: ${cost(g)} on average`),
    ].join("\n");
  });
}

/**
 * Whether the budgets differ only by the final candidates. Equal candidates are scored once, so a converged
 * policy has fewer of them.
 */
const sameButForFinals = (a: Group, b: Group) =>
  a.trainedImages === b.trainedImages && Math.abs(a.queries / b.queries - 1) < 0.05;

function pairText({ a, b, metric, level, welch, permutationP, outcome }: Pair): string {
  const share = a.unit === "fraction";
  const points = (x: number) => share ? (100 * x).toFixed(2) : scoreText(x, "");
  const unit = share ? "points" : a.unit;
  const { difference, halfWidth, p } = welch;
  const sure = Number((100 * (1 - level)).toFixed(1));
  const gap = `${difference < 0 ? "−" : "+"}${points(Math.abs(difference))} ${unit}`.trimEnd();
  const head = `${shortLabel(a)} against ${shortLabel(b)}, ${metricName[metric]}: ${gap}`;
  if (outcome === "too few") {
    const [n, m] = [a.runs.length, b.runs.length];
    return `${head}: too few seeds to tell (${n} and ${m}, at least ${FEWEST_SEEDS} each are needed)`;
  }
  const tests =
    `${sure} % interval ± ${points(halfWidth)}, p = ${p.toPrecision(2)} by Welch's t-test, ` +
    `${permutationP.toPrecision(2)} by permutation`;
  if (outcome === "not shown") {
    return `${head}: no difference shown (${tests}); with these seeds less than ` +
      `±${points(halfWidth)}${unit && ` ${unit}`} cannot be told from chance`;
  }
  const better = shortLabel(outcome === "a" ? a : b);
  return metric === "sharedWeights"
    ? `${head}: ${better} scores higher, each with its own shared weights (${tests})`
    : `${head}: ${better} is better (${tests})`;
}

/** Compares searched architectures with ones that cost no search. */
function worth({ groups, pairs }: Comparison): string {
  const trained = groups.filter((g) => g.command === "retrain");
  const free = new Set(["random", "baseline"]);
  const searched = trained.filter((g) => !free.has(g.strategy) && g.strategy !== "given");
  const lines = ["Was searching worth it?"];
  for (const pair of pairs.filter((p) => p.a.command === "retrain")) {
    const { a, b, outcome } = pair;
    if (free.has(a.strategy) === free.has(b.strategy)) continue;
    if (a.strategy === "given" || b.strategy === "given") continue;
    const [found, other] = free.has(a.strategy) ? [b, a] : [a, b];
    const than = other.strategy === "random" ? "what random search found" : "the hand-made network";
    const winner = outcome === "a" ? a : outcome === "b" ? b : null;
    const verdict = outcome === "too few"
      ? `not known, too few seeds: ${shortLabel(found)} against ${than}`
      : winner === null
      ? `not shown: ${shortLabel(found)} is not told apart from ${than}`
      : winner === found
      ? `yes: ${shortLabel(found)} is better than ${than}`
      : `no: ${than} is better than ${shortLabel(found)}`;
    lines.push(`  ${verdict}`);
  }
  if (lines.length > 1) return lines.join("\n");
  const missing = searched.length === 0
    ? "retrain what a search found"
    : "retrain what --strategy random found at the same budget, and a hand-made network (retrain --baseline)";
  return `${lines[0]} These runs cannot say: ${missing}.`;
}

const mostSettings = 3;

/** The label, shortened to its first few settings. */
function shortLabel({ label }: Group): string {
  const [name, ...settings] = label.split(" ");
  if (settings.length <= mostSettings) return label;
  const shown = settings.slice(0, mostSettings).join(" ");
  return `${name} ${shown} … ${settings.length - mostSettings} more`;
}

function asJson({ groups, pairs, notes }: Comparison) {
  return {
    groups: groups.map(({ runs, ...group }) => ({ ...group, runs: runs.map((r) => r.path) })),
    pairs: pairs.map((pair) => ({ ...pair, a: pair.a.label, b: pair.b.label })),
    notes,
  };
}
