/**
 * Compares random search, evolution, local search and a Gaussian process with a graph kernel on the whole
 * table of NAS-Bench-201 with figures of an independent implementation, each within four standard errors;
 * then times 500 searches of 150 queries by evolution, all included:
 * deno run -A bench/searchers.ts nb201.csv [--trials 1000] [--guided-trials 20] [--seed 1] [--jobs 2]
 */
import { parseArgs } from "node:util";
import { groupNamed } from "../src/nas/study/groups.ts";
import { onlyAlgorithms, type Study } from "../src/nas/study/definition.ts";
import { runStudy } from "../src/run/study/run.ts";
import {
  checkSearchers,
  guidedStudy,
  searchersStudy,
} from "../tests/nas/study/published_searchers.ts";

const { values, positionals: [file] } = parseArgs({
  options: {
    trials: { type: "string", default: "1000" },
    "guided-trials": { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: String(navigator.hardwareConcurrency) },
  },
  allowPositionals: true,
});

const cacheDir = Deno.makeTempDirSync();
const { signal } = new AbortController();

async function timed(study: Study) {
  const from = performance.now();
  const folder = Deno.makeTempDirSync();
  const records = await runStudy(study, { folder, threads: Number(values.jobs), cacheDir, signal });
  return { records, seconds: (performance.now() - from) / 1000 };
}

const seed = Number(values.seed);
const many = await timed(searchersStudy(file, Number(values.trials), seed));
const guided = await timed(guidedStudy(file, Number(values["guided-trials"]), seed));
const checks = [
  ...await checkSearchers(file, many.records),
  ...await checkSearchers(file, guided.records),
];
console.log(
  `searcher        budget  column           mean ± deviation   expected  of what is allowed`,
);
for (const { searcher, budget, column, mean, deviation, expected, off } of checks) {
  console.log(
    `${searcher.padEnd(14)}  ${String(budget).padStart(6)}  ${column.padEnd(13)}  ` +
      `${mean.toFixed(3)} ± ${deviation.toFixed(3)}   ${expected.toFixed(3)}  ${
        (100 * off).toFixed(0).padStart(4)
      } %`,
  );
}
const missed = checks.filter(({ off }) => !(off <= 1)).length;
console.log(
  `${missed} of ${checks.length} figures missed; ` +
    [many, guided].map(({ records: { trials }, seconds }) =>
      `${trials.length} searches in ${seconds.toFixed(1)} s`
    ).join(", "),
);

const evolution = {
  ...onlyAlgorithms(groupNamed("main_experiments"), ["evolution"]),
  trials: 500,
  tables: [{ file, dataset: "", objective: "", report: "" }],
};
console.log(
  `500 searches of 150 queries by evolution: ${(await timed(evolution)).seconds.toFixed(2)} s ` +
    `with ${values.jobs} workers`,
);
if (missed > 0) Deno.exit(1);
