/**
 * A real search at home: whole hierarchical networks, each trained from scratch, Bayesian optimisation against random
 * search. `deno run -A bench/home_search.ts` prints for each strategy the best validation accuracy after so many
 * trained networks, mean ± deviation over the seeds, and the minutes of a search; `--json` prints all figures.
 */
import { parseArgs } from "node:util";
import { loadDataSet, usualPlaces } from "../src/data/mod.ts";
import { Gpu } from "../src/gpu/mod.ts";
import { mean, variance } from "../src/nas/analysis/statistics.ts";
import { resolveSearchConfig } from "../src/nas/config/config.ts";
import { search } from "../src/nas/search/search.ts";
import { memoryStore } from "../src/nas/search/store.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: "fashion-mnist" },
    "data-dir": { type: "string" },
    preset: { type: "string", default: "quick" },
    strategies: { type: "string", default: "gp-hwl,random" },
    trials: { type: "string", default: "12" },
    initial: { type: "string", default: "4" },
    seeds: { type: "string", default: "1,2,3" },
    "train-images": { type: "string" },
    json: { type: "boolean", default: false },
  },
});

interface Run {
  strategy: string;
  seed: number;
  /** Accuracy of each trained network; null for a failed one. */
  scores: (number | null)[];
  best: number;
  /** Whole search, compiling included. */
  seconds: number;
  peakBytes: number;
}

const numbers = (text: string) => text.split(",").map(Number);
const gpu = await Gpu.open();
const { signal } = new AbortController();

async function one(strategy: string, seed: number): Promise<Run> {
  const config = resolveSearchConfig({
    mode: "grammar",
    preset: values.preset,
    overrides: {
      strategy,
      evaluator: "train",
      data: values.data,
      seed,
      epochs: 1,
      rounds: Number(values.trials),
      perRound: 1,
      ...values["train-images"] && { trainImages: Number(values["train-images"]) },
      ...strategy.startsWith("gp-") && { "strategy.initial": Number(values.initial) },
    },
  });
  const dataset = await loadDataSet(config.data, {
    ...usualPlaces(Deno.env.toObject(), Deno.cwd()),
    dataDir: values["data-dir"],
    splits: "search",
    seed,
    trainLimit: config.trainImages || undefined,
    validLimit: config.validImages || undefined,
  });
  const run: Run = { strategy, seed, scores: [], best: 0, seconds: 0, peakBytes: 0 };
  const begin = performance.now();
  for await (const event of search(config, { signal, store: memoryStore(), gpu, dataset })) {
    if (event.type === "trial" && event.on === "reward") {
      const ok = (event.status ?? "ok") === "ok";
      run.scores.push(ok ? event.score : null);
      run.best = Math.max(run.best, ok ? event.score : 0);
      const at = ((performance.now() - begin) / 1000).toFixed(0);
      console.error(
        `${strategy} seed ${seed}  ${run.scores.length}: ${percent(run.best)}  ${at} s`,
      );
    }
    if (event.type === "done") run.peakBytes = event.peakBytes;
  }
  run.seconds = (performance.now() - begin) / 1000;
  return run;
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

const runs: Run[] = [];
for (const seed of numbers(values.seeds)) {
  for (const strategy of values.strategies.split(",")) runs.push(await one(strategy, seed));
}
gpu.close();
if (values.json) console.log(JSON.stringify(runs));
else {
  for (const [strategy, all] of Map.groupBy(runs, (run) => run.strategy)) {
    const best = all.map((run) => run.best);
    const failed = all.flatMap(({ scores }) => scores).filter((score) => score === null).length;
    console.log(
      `${strategy.padEnd(10)} ${percent(mean(best))} ± ${
        percent(best.length > 1 ? Math.sqrt(variance(best)) : 0)
      }  ` +
        `best of ${values.trials} networks, ${all.length} seeds, ${failed} failed, ` +
        `${(mean(all.map(({ seconds }) => seconds)) / 60).toFixed(1)} minutes each`,
    );
  }
}
