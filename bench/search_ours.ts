/**
 * Searches of 100 queries on the three data sets of NAS-Bench-201 by strategies that a Gaussian process guides:
 * deno run -A bench/search_ours.ts nb201.csv [seeds] [strategy …]
 * The objective is the test accuracy after 200 epochs, as in the published figures; prints the mean and deviation
 * of the best found.
 */
import { resolveSearchConfig } from "../src/nas/config.ts";
import { openSpace } from "../src/nas/search.ts";
import { mean, variance } from "../src/nas/statistics.ts";
import { openStrategy } from "../src/nas/strategies/mod.ts";
import type { StrategyName } from "../src/nas/strategies/names.ts";
import { indexIn, openTable, type Table } from "../src/nas/tables/mod.ts";

const [path, seeds = "20", ...names] = Deno.args;
const marks = [25, 50, 75, 100];
const table = await openTable(path);

/** Best value after 25, 50, 75 and 100 queries. */
async function bestOf(table: Table, column: string, strategy: StrategyName, seed: number) {
  const config = resolveSearchConfig({
    mode: "nasbench201",
    preset: "paper",
    overrides: { strategy, seed, "evaluator.kind": "table", rounds: 100 },
  });
  const space = openSpace(config.mode, config.child);
  const search = await openStrategy(config, space, { gpu: null });
  const values = table.column(column);
  const found: number[] = [];
  let best = -Infinity;
  for (let query = 1; query <= marks[marks.length - 1]; query++) {
    const [trial] = await search.ask(1);
    const value = values[indexIn(table, space.key(trial.arch))];
    best = Math.max(best, value);
    await search.tell([{ ...trial, score: { value: value / 100 } }]);
    if (marks.includes(query)) found.push(best);
  }
  return found;
}

for (const strategy of (names.length ? names : ["gp-wl", "gp-wl-climb"]) as StrategyName[]) {
  for (const column of ["c10_test_200", "c100_test_200", "in16_test_200"]) {
    const begin = performance.now();
    const runs: number[][] = [];
    for (let seed = 1; seed <= Number(seeds); seed++) {
      runs.push(await bestOf(table, column, strategy, seed));
    }
    const texts = marks.map((mark, m) => {
      const best = runs.map((run) => run[m]);
      return `${mark}: ${mean(best).toFixed(4)} ± ${Math.sqrt(variance(best)).toFixed(4)}`;
    });
    const each = (performance.now() - begin) / 1000 / runs.length;
    console.log(`${strategy}  ${column}  ${texts.join("  ")}  ${each.toFixed(2)} s per search`);
  }
}
