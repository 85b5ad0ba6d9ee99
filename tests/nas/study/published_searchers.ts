/**
 * Published results of five searchers on the whole table of NAS-Bench-201 (mean test accuracy after 200
 * epochs as objective and report): mean and deviation of the best over 1,000 searches of an independent
 * implementation (20 where a predictor guides), and for random search the exact expectation of the best of n
 * samples without replacement.
 */
import { parseStudy, type Study } from "../../../src/nas/study/definition.ts";
import type { StudyRecords } from "../../../src/nas/study/records.ts";
import { summariseStudy } from "../../../src/nas/study/summary.ts";
import { openColumns, openTable } from "../../../src/nas/tables/mod.ts";

type Figure = readonly [mean: number, deviation: number];
type Row = readonly [budget: number, c10: Figure, c100: Figure, in16: Figure];

const REFERENCE_SEARCHES = 1000;
/** Number of searches guided by a Gaussian process with a graph kernel. */
const GUIDED_SEARCHES = 20;
export const columns = ["c10_test_200", "c100_test_200", "in16_test_200"] as const;

/** Ten random samples, then expected improvement over 100 mutations of the ten best and 100 random samples. */
const GUIDED = "gp-wl";

/** Evolution: populations of 10 and 30, tournaments of 3 and 10. Local search: first better neighbour, restarts. */
export const published: Readonly<Record<string, readonly Row[]>> = {
  "evolution 10": [
    [50, [93.906, 0.315], [71.777, 0.991], [45.762, 0.836]],
    [100, [94.139, 0.229], [72.582, 0.815], [46.358, 0.600]],
    [200, [94.292, 0.131], [73.146, 0.461], [46.756, 0.409]],
  ],
  "evolution 30": [
    [100, [94.259, 0.177], [73.007, 0.652], [46.602, 0.514]],
    [150, [94.321, 0.125], [73.334, 0.372], [46.909, 0.414]],
    [200, [94.340, 0.109], [73.432, 0.279], [47.055, 0.312]],
  ],
  "local search": [
    [50, [94.198, 0.264], [72.853, 0.936], [46.336, 0.724]],
    [100, [94.323, 0.140], [73.419, 0.385], [46.769, 0.472]],
    [150, [94.362, 0.063], [73.502, 0.132], [46.938, 0.358]],
    [200, [94.370, 0.032], [73.513, 0.011], [47.060, 0.297]],
  ],
  [GUIDED]: [
    [25, [94.051, 0.252], [72.398, 0.966], [46.053, 0.428]],
    [50, [94.300, 0.144], [72.761, 0.958], [46.639, 0.363]],
    [75, [94.334, 0.120], [73.197, 0.657], [46.785, 0.281]],
    [100, [94.373, 0.002], [73.381, 0.404], [46.842, 0.289]],
  ],
};

const searchesOf = (searcher: string): number =>
  searcher === GUIDED ? GUIDED_SEARCHES : REFERENCE_SEARCHES;

export interface KnownFigure {
  searcher: string;
  mean: number;
  /** Standard error of the mean. */
  error: number;
}

/** All figures after a number of queries. @param column index in `columns`. */
export function publishedAt(budget: number, column: number): KnownFigure[] {
  return Object.entries(published).flatMap(([searcher, rows]) =>
    rows.filter(([queries]) => queries === budget).map((row) => {
      const [mean, deviation] = row[column + 1] as Figure;
      return { searcher, mean, error: deviation / Math.sqrt(searchesOf(searcher)) };
    })
  );
}

/** A study by the rules of those figures: every evaluation counts, the first samples are uniform with repeats. */
export function searchersStudy(file: string, trials: number, seed: number): Study {
  const evolution = (population: number, tournament: number) => ({
    name: `evolution ${population}`,
    strategy: "evolution",
    settings: { "strategy.population": population, "strategy.tournament": tournament },
  });
  return parseStudy({
    name: "searchers",
    algorithms: [
      { name: "random", strategy: "random" },
      evolution(10, 3),
      evolution(30, 10),
      { name: "local search", strategy: "local-search" },
    ],
    tables: allTasks(file),
    trials,
    queries: 200,
    every: 50,
    seed,
  }, "searchers");
}

/** The same for the guided search, which takes seconds instead of milliseconds. */
export function guidedStudy(file: string, trials: number, seed: number): Study {
  return parseStudy({
    name: "guided",
    algorithms: [{ name: GUIDED, strategy: GUIDED }],
    tables: allTasks(file),
    trials,
    queries: 100,
    every: 25,
    seed,
  }, "guided");
}

const allTasks = (file: string) =>
  ["cifar10", "cifar100", "imagenet16-120"].map((dataset, i) => ({
    file,
    dataset,
    objective: columns[i],
    report: columns[i],
  }));

/** Exact mean of the best of n different cells. */
export function expectedBest(column: Float64Array, n: number): number {
  const sorted = column.toSorted();
  const size = sorted.length;
  // P(all n are among the i + 1 lowest), from the top down.
  let mean = 0, below = 1;
  for (let i = size - 1; i >= n - 1; i--) {
    const next = below * (i + 1 - n) / (i + 1);
    mean += sorted[i] * (below - next);
    below = next;
  }
  return mean;
}

export interface Check {
  searcher: string;
  budget: number;
  column: string;
  mean: number;
  deviation: number;
  expected: number;
  /** Deviation divided by its limit of four standard errors. */
  off: number;
}

/** Compares every figure with these records. */
export async function checkSearchers(file: string, records: StudyRecords): Promise<Check[]> {
  const table = await openTable(file);
  const checks: Check[] = [];
  summariseStudy(records).forEach(({ task, at, curves }, t) => {
    const { reports } = openColumns(table, {
      dataset: task.dataset,
      objective: task.objective,
      report: task.report,
    });
    for (const { algorithm, points } of curves) {
      const figures: readonly (readonly [number, Figure])[] = algorithm === "random"
        ? at.map((n) => [n, [expectedBest(reports, n), 0]])
        : published[algorithm].map((row) => [row[0], row[t + 1] as Figure]);
      for (const [budget, [expected, reference]] of figures) {
        const { n, mean, deviation } = points[at.indexOf(budget)];
        const error = Math.sqrt(deviation ** 2 / n + reference ** 2 / searchesOf(algorithm));
        const off = Math.abs(mean - expected) / (4 * error);
        checks.push({
          searcher: algorithm,
          budget,
          column: task.report,
          mean,
          deviation,
          expected,
          off,
        });
      }
    }
  });
  return checks;
}
