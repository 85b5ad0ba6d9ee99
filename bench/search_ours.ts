/**
 * Searches of 100 queries with our best strategy on the three data sets of NAS-Bench-201, compared with the
 * best of five searchers of an independent implementation after as many queries:
 * deno run -A bench/search_ours.ts nb201.csv [--seeds 100] [--first 1] [--strategy gp-mixed]
 * The objective is the mean test accuracy after 200 epochs, as for those figures. Prints the mean best
 * accuracy with its standard error, and the difference in standard errors of both.
 */
import { parseArgs } from "node:util";
import { resolveSearchConfig } from "../src/nas/config/config.ts";
import { openStrategy } from "../src/nas/search/parts.ts";
import { openSpace } from "../src/nas/registry.ts";
import { mean, variance } from "../src/nas/analysis/statistics.ts";
import { indexIn, openTable } from "../src/nas/tables/mod.ts";
import { columns, publishedAt } from "../tests/nas/study/published_searchers.ts";

const { values, positionals: [path] } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    first: { type: "string", default: "1" },
    strategy: { type: "string", default: "gp-mixed" },
  },
  allowPositionals: true,
});
const seeds = Number(values.seeds), first = Number(values.first);
const marks = [50, 100];
const table = await openTable(path);
const configOf = (seed: number) =>
  resolveSearchConfig({
    mode: "nasbench201",
    preset: "paper",
    overrides: { strategy: values.strategy, seed, "evaluator.kind": "table", rounds: 100 },
  });
const space = openSpace(configOf(1).space);

/** Best value after each number of queries in the list. */
async function bestOf(objective: Float64Array, seed: number): Promise<number[]> {
  const search = await openStrategy(configOf(seed), space, { gpu: null });
  const found: number[] = [];
  let best = -Infinity;
  for (let query = 1; query <= marks[marks.length - 1]; query++) {
    const [trial] = await search.ask(1);
    const value = objective[indexIn(table, space.key(trial.arch))];
    best = Math.max(best, value);
    await search.tell([{ ...trial, score: { value: value / 100 } }]);
    if (marks.includes(query)) found.push(best);
  }
  return found;
}

console.log(`${values.strategy}, seeds ${first} … ${first + seeds - 1}`);
for (const [c, column] of columns.entries()) {
  const begin = performance.now();
  const objective = table.column(column);
  const optimum = objective.reduce((a, b) => Math.max(a, b));
  const runs: number[][] = [];
  for (let seed = first; seed < first + seeds; seed++) runs.push(await bestOf(objective, seed));
  for (const [m, mark] of marks.entries()) {
    const best = runs.map((run) => run[m]);
    const error = Math.sqrt(variance(best) / seeds);
    const known = publishedAt(mark, c).reduce((a, b) => b.mean > a.mean ? b : a);
    const difference = mean(best) - known.mean;
    const optimal = best.filter((value) => value === optimum).length;
    console.log(
      `${column.padEnd(13)}  ${mark} queries  ${mean(best).toFixed(4)} ± ${error.toFixed(4)}, ` +
        `${optimal} of ${seeds} optimal; ${known.searcher} ${known.mean} ± ${
          known.error.toFixed(4)
        }: ${difference < 0 ? "" : "+"}${difference.toFixed(4)}, ` +
        `${(difference / Math.hypot(error, known.error)).toFixed(1)} standard errors`,
    );
  }
  const each = (performance.now() - begin) / 1000 / seeds;
  console.log(`${column.padEnd(13)}  ${each.toFixed(2)} s per search`);
}
