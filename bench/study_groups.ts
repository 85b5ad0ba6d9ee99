/**
 * Runs every group of studies to its end: those of NAS-Bench-201 on the whole published table, with each
 * named objective, those of NAS-Bench-101 on a made-up table of all 423,624 cells. Prints a line per group
 * and objective with trials, seconds and the winner, then every algorithm's figure:
 * deno run -A bench/study_groups.ts nb201.csv [--trials 10] [--slow-trials 2] [--groups a,b] [--spaces
 * nasbench201] [--objectives c10_val_12,c10_test_200] [--queries 30] [--jobs 2] [--out FOLDER]. A named
 * folder is resumed; the default of queries is each group's own.
 */
import { join } from "@std/path";
import { parseArgs } from "node:util";
import { places } from "../src/cli/paths.ts";
import { table as aligned } from "../src/cli/terminal.ts";
import { openNb101Cells } from "../src/nas/spaces/nasbench101_index.ts";
import type { Study } from "../src/nas/study/definition.ts";
import { groupNamed, groupSpace, groupSummaries } from "../src/nas/study/groups.ts";
import { summariseStudy, trialsText } from "../src/nas/study/summary.ts";
import { runStudy } from "../src/run/study/run.ts";
import { smoothEvaluation, writeNb101File } from "./made_nasbench101.ts";

const { values, positionals: [nb201] } = parseArgs({
  options: {
    trials: { type: "string", default: "10" },
    "slow-trials": { type: "string", default: "2" },
    groups: { type: "string" },
    spaces: { type: "string", default: "nasbench201,nasbench101" },
    objectives: { type: "string", default: "c10_val_12,c10_test_200" },
    queries: { type: "string" },
    jobs: { type: "string", default: String(navigator.hardwareConcurrency) },
    out: { type: "string" },
  },
  allowPositionals: true,
});

/** Strategies that take more than a few seconds per search. */
const SLOW = ["bananas", "dngo", "bohamiann", "gcn", "bonas", "npenas", "gp", "gp-wl"];

const { cacheDir } = places();
const out = values.out ?? Deno.makeTempDirSync();
const { signal } = new AbortController();
await Deno.mkdir(out, { recursive: true });

async function madeNb101(): Promise<string> {
  const path = join(out, "made_up.tfrecord");
  const there = await Deno.stat(path).then(() => true, () => false);
  if (there) return path;
  const cells = await openNb101Cells({ cacheDir });
  const part = `${path}.part`;
  await writeNb101File(part, cells, {
    count: cells.size,
    repeats: 1,
    evaluation: smoothEvaluation,
  });
  await Deno.rename(part, path);
  return path;
}

type Tables = Study["tables"];
const tablesOf: Record<string, () => Promise<Tables>> = {
  nasbench201: () =>
    Promise.resolve(
      values.objectives.split(",").map((objective) => ({
        file: nb201,
        dataset: datasetOf(objective),
        objective,
        report: objective.replace(/_.*/, "_test_200"),
      })),
    ),
  nasbench101: async () => [
    { file: await madeNb101(), dataset: "", objective: "", report: "" },
  ],
};

const datasetOf = (column: string) =>
  column.startsWith("c100_")
    ? "cifar100"
    : column.startsWith("in16_")
    ? "imagenet16-120"
    : "cifar10";

const wanted = values.groups?.split(",") ?? Object.keys(groupSummaries);
const lines: string[][] = [];
const figures: string[] = [];
let failures = 0;
for (const space of values.spaces.split(",")) {
  const tables = await tablesOf[space]();
  for (const name of wanted) {
    if ((groupSpace(name) ?? space) !== space) continue;
    const group = groupNamed(name);
    const slow = group.algorithms.some(({ strategy }) => SLOW.includes(strategy));
    const trials = Number(slow ? values["slow-trials"] : values.trials);
    const from = performance.now();
    const queries = Number(values.queries ?? group.queries);
    const records = await runStudy({ ...group, tables, trials, queries }, {
      folder: join(out, `${space}-${name}`),
      threads: Number(values.jobs),
      cacheDir,
      signal,
    });
    const seconds = ((performance.now() - from) / 1000).toFixed(0);
    failures += records.failed.length;
    for (const { algorithm, reason } of records.failed) {
      console.error(`${space} ${name} ${group.algorithms[algorithm].name}: ${reason}`);
    }
    for (const { task, at, curves } of summariseStudy(records)) {
      const digits = task.unit === "%" ? 3 : 4;
      const ends = curves.map(({ algorithm, points, failed, seconds }) => {
        const { n, mean, deviation } = points[points.length - 1];
        const figure = n < 2
          ? mean.toFixed(digits)
          : `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}`;
        return { algorithm, n, mean, figure, failed, seconds };
      });
      const best = ends.reduce((a, b) => b.mean > a.mean ? b : a);
      const trialsEach = trialsText(best.n, ends.reduce((sum, { failed }) => sum + failed, 0));
      lines.push([space, name, task.objective, String(curves.length), trialsEach, seconds]
        .concat(best.algorithm, best.figure));
      figures.push(
        `\n${space} ${name}: ${task.report} of the best by ${task.objective} after ${at.at(-1)} ` +
          `queries, ${best.n} trials; best in the table ${task.best.toFixed(digits)}\n` +
          aligned(
            ["algorithm", "mean ± deviation", "s/search"],
            ends.map((e) => [
              e.algorithm,
              e.figure,
              e.seconds.toPrecision(2),
            ]),
          ),
      );
    }
    console.error(lines.at(-1)!.join("  "));
  }
}
const head = ["space", "group", "objective", "algorithms", "trials", "s", "winner", "its report"];
console.log(aligned(head, lines));
console.log(figures.join("\n"));
console.log(`\n${failures} trials failed`);
if (values.out === undefined) await Deno.remove(out, { recursive: true });
