/**
 * Bayesian optimisation in grammar spaces:
 * deno run -A bench/bayesian.ts step [--observations 100] [--steps 10] [--strategy gp-hwl]
 *   time of one fit with its acquisition search in the hierarchical space;
 * deno run -A bench/bayesian.ts cells nb201.csv [--queries 100]
 *   best cells of NAS-Bench-201 found in the cell space, beside figures of an independent implementation;
 * deno run -A bench/bayesian.ts debug [--queries 60] [--strategies gp-hwl,gp-wl,gp-nasbot,evolution,random]
 *   best values of the debug objective in the hierarchical space, mean ± standard error;
 * all with [--seeds 20] [--first 1] [--pool 200]; `cells` and `debug` print a JSON line per search first.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { mean, summarise } from "../src/nas/analysis/statistics.ts";
import { resolveSearchConfig } from "../src/nas/config/config.ts";
import { DebugEvaluator } from "../src/nas/evaluators/debug.ts";
import { openSpace } from "../src/nas/registry.ts";
import { openStrategy } from "../src/nas/search/parts.ts";
import type { SearchSpace } from "../src/nas/space.ts";
import { indexIn, openTable } from "../src/nas/tables/mod.ts";
import { tableInSpace } from "../src/nas/tables/in_space.ts";
import { columns, publishedAt } from "../tests/nas/study/published_searchers.ts";

const { values, positionals: [what, file] } = parseArgs({
  options: {
    observations: { type: "string", default: "100" },
    steps: { type: "string", default: "10" },
    strategy: { type: "string", default: "gp-hwl" },
    strategies: { type: "string", default: "gp-hwl,gp-wl,gp-nasbot,evolution,random" },
    queries: { type: "string" },
    seeds: { type: "string", default: "20" },
    first: { type: "string", default: "1" },
    pool: { type: "string", default: "0" },
  },
  allowPositionals: true,
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => Number(values.first) + i);

type Score = (arch: unknown) => number | Promise<number>;

function opened(strategy: string, grammar: string, evaluator: string) {
  const evolves = ["gp-hwl", "gp-wl", "gp-nasbot"].includes(strategy);
  const config = resolveSearchConfig({
    mode: "grammar",
    preset: "paper",
    overrides: {
      strategy,
      "space.grammar": grammar,
      "evaluator.kind": evaluator,
      ...evolves && { "strategy.pool": Number(values.pool) },
    },
  });
  const space = openSpace(config.space);
  return { space, open: (seed: number) => openStrategy({ ...config, seed }, space, { gpu: null }) };
}

/** The hierarchical space with the debug objective. */
function debug(strategy: string) {
  const { space, open } = opened(strategy, "nb201_variable_multi_multi", "debug");
  const evaluator = new DebugEvaluator(space, { input: [32, 32, 3], classes: 10 }, 1.5e7);
  const score: Score = async (arch) => {
    for await (const result of evaluator.evaluate([{ id: 0, arch }])) {
      if (result.status === "ok") return result.score.value;
    }
    throw new Error("Cannot compare strategies: the debug objective gave no score");
  };
  return { space, open, score };
}

type Search = Awaited<ReturnType<ReturnType<typeof opened>["open"]>>;

/** Asks for one trial, tells its score, and returns it with the seconds that asking took, also of processors. */
async function query(search: Search, score: Score) {
  const from = performance.now(), before = process.cpuUsage();
  const [trial] = await search.ask(1);
  const seconds = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(before);
  const value = await score(trial.arch);
  await search.tell([{ ...trial, score: { value } }]);
  return { value, seconds, processor: (user + system) / 1e6 };
}

/** Best score after each query. */
async function searched(search: Search, score: Score, queries: number): Promise<number[]> {
  const best: number[] = [];
  for (let q = 0; q < queries; q++) {
    best.push(Math.max(best.at(-1) ?? -Infinity, (await query(search, score)).value));
  }
  return best;
}

async function timeSteps(): Promise<void> {
  const { open, score } = debug(values.strategy);
  const search = await open(Number(values.first));
  // Samples stand for what a search has seen: the first ones are samples anyway.
  const sampler = await debug("random").open(1);
  const known = await sampler.ask(Number(values.observations));
  await search.tell(
    await Promise.all(known.map(async (trial) => ({
      ...trial,
      id: -1 - trial.id,
      score: { value: await score(trial.arch) },
    }))),
  );
  const times: number[] = [];
  for (let i = 0; i < Number(values.steps); i++) {
    const { seconds, processor, value } = await query(search, score);
    times.push(seconds);
    console.log(
      `step ${i + 1}: ${seconds.toFixed(2)} s, of processors ${
        processor.toFixed(2)
      } s, score ${value}`,
    );
  }
  times.sort((a, b) => a - b);
  console.log(
    `${values.strategy} at ${values.observations} observations: median ` +
      `${times[times.length >> 1].toFixed(2)} s, worst ${times.at(-1)!.toFixed(2)} s`,
  );
}

async function searchCells(): Promise<void> {
  const queries = Number(values.queries ?? 100);
  const { space, open } = opened(values.strategy, "nb201_fixed_1_none", "table");
  const table = tableInSpace(await openTable(file), space as SearchSpace<unknown>);
  const lines: string[] = [];
  for (const [c, column] of columns.entries()) {
    const scores = table.column(column);
    const score: Score = (arch) => scores[indexIn(table, space.key(arch))] / 100;
    const found: number[][] = [];
    for (const seed of seeds) {
      found.push(await searched(await open(seed), score, queries));
      const at25 = found.at(-1)!.filter((_, q) => (q + 1) % 25 === 0).map((v) => 100 * v);
      console.log(JSON.stringify({ column, seed, at25 }));
    }
    for (const at of [25, 50, 75, 100].filter((q) => q <= queries)) {
      const { mean, deviation, n } = summarise(found.map((best) => 100 * best[at - 1]));
      const [{ mean: expected, error }] = publishedAt(at, c).filter(({ searcher }) =>
        searcher === "gp-wl"
      );
      const off = (mean - expected) / Math.hypot(deviation / Math.sqrt(n), error);
      lines.push(
        `${column} after ${at}: ${mean.toFixed(3)} ± ${deviation.toFixed(3)}, ` +
          `independently ${expected.toFixed(3)}: ${off.toFixed(1)} standard errors`,
      );
    }
  }
  console.log(lines.join("\n"));
}

async function searchDebug(): Promise<void> {
  const queries = Number(values.queries ?? 60);
  const lines: string[] = [];
  for (const strategy of values.strategies.split(",")) {
    const { open, score } = debug(strategy);
    const found: number[][] = [];
    for (const seed of seeds) {
      found.push((await searched(await open(seed), score, queries)).map((value) => -value));
      const at10 = found.at(-1)!.filter((_, q) => (q + 1) % 10 === 0);
      console.log(JSON.stringify({ strategy, seed, at10 }));
    }
    const at = [20, 40, 60].filter((q) => q <= queries).map((q) => {
      const losses = found.map((best) => best[q - 1] / 1e6);
      const error = summarise(losses).deviation / Math.sqrt(losses.length);
      return `${mean(losses).toFixed(3)} ± ${error.toFixed(3)}`;
    });
    lines.push(`${strategy.padEnd(12)} ${at.join("   ")}`);
  }
  console.log(`millions of parameters off, after 20, 40, 60 queries\n${lines.join("\n")}`);
}

const tasks: Record<string, () => Promise<void>> = {
  step: timeSteps,
  cells: searchCells,
  debug: searchDebug,
};
await tasks[what]();
