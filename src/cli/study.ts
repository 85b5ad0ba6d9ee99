/** `denas study`: runs many searches on tables of results, over all cores. Opens no adapter. */
import { limits } from "../nas/config/limits.ts";
import { join } from "@std/path";
import type { Command } from "commander";
import { UsageError, whyUnreadable } from "../common/errors.ts";
import { onlyAlgorithms, readStudy, strictly, type Study } from "../nas/study/definition.ts";
import { groupNamed, groupSpace, groupSummaries } from "../nas/study/groups.ts";
import type { StudyRecords } from "../nas/study/records.ts";
import { someOf, summariseStudy, trialsText } from "../nas/study/summary.ts";
import { writeAtomic } from "../run/files.ts";
import { interruptedCode } from "../run/interrupt.ts";
import { openWorkers } from "./open_workers.ts";
import { positive, setting, sizeUpTo, whole } from "./option_values.ts";
import { commandName, fromHere, places, shortPath } from "./paths.ts";
import { Progress, stderrScreen } from "./progress.ts";
import { onStop } from "./stopping.ts";
import { knownTable, tableFolders } from "./table_places.ts";
import { counted, duration, print, printError, table as lines } from "./terminal.ts";

import { addWorkerOptions, wantsWorkers, type WorkerOptions } from "./workers.ts";

interface StudyOptions extends WorkerOptions {
  table?: string;
  tableDataset?: string;
  objective?: string;
  report?: string;
  space?: string;
  trials?: number;
  queries?: number;
  every?: number;
  seed?: number;
  only?: string;
  set?: Record<string, unknown>;
  strict?: boolean;
  jobs: number;
  out?: string;
  print?: boolean;
  json?: boolean;
}

export function addStudy(program: Command, finish: (code: number) => void): void {
  const groups = Object.entries(groupSummaries)
    .map(([name, summary]) => `  ${name.padEnd(21)} ${summary}`).join("\n");
  const command = program.command("study")
    .argument("<name>", "a group of experiments, or a file with your own")
    .description("Compare search strategies on a table of results, with many trials each.")
    .option("--table <file>", "table of results; by default one that was put where denas looks")
    .option("--table-dataset <names>", "data sets of the table: one, several (a,b) or all")
    .option("--objective <metric>", "column to maximise; -metric: to minimise")
    .option("--report <metric>", "column that says how good the found architectures are")
    .option("--space <name>", "space of a table of your own")
    .option("--trials <n>", "searches per algorithm and data set (10)", sizeUpTo(limits.trials))
    .option("--queries <n>", "architectures per search (150)", sizeUpTo(limits.architectures))
    .option("--every <n>", "note the best after every so many queries (10)", positive)
    .option("--seed <n>", "seed of the first trial (1)", whole)
    .option("--only <names>", "only these of the algorithms (a,b)")
    .option("--set <name=value>", "a setting of all searches; may be repeated", setting)
    .option("--strict", "follow the quirks of the published study")
    .option(
      "--jobs <n>",
      "searches at the same time, in threads of this process",
      sizeUpTo(limits.jobs),
      navigator.hardwareConcurrency,
    )
    .option("--out <folder>", "folder for study.ndjson, figure and report; by default studies/NAME")
    .option("--print", "print the study as JSON, to be changed and given back, and stop")
    .option("--json", "print the results as JSON");
  addWorkerOptions(command, "run searches")
    .addHelpText(
      "after",
      `
Groups:
${groups}

Examples:
  $ denas study main_experiments --table nb201.csv
  $ denas study evo_201 --table nb201.csv --table-dataset all --trials 200
  $ denas study main_experiments --only random,evolution --queries 300 --out studies/long
  $ denas study main_experiments --print > mine.json
  $ denas study mine.json --table nb201.csv
  $ denas study all_algos --table nb201.csv --listen 0.0.0.0:4222      on many machines

Workers get whole searches; other machines need the table under the same path. An interrupted study goes on when it is started again, and --trials may grow. docs/study.md says more.`,
    ).action(async (name: string, options: StudyOptions) => {
      const study = await studyOf(name, options);
      if (options.print) return print(JSON.stringify(study, null, 2));
      finish(await run(await withTables(study, name, options), options));
    });
}

async function studyOf(name: string, options: StudyOptions): Promise<Study> {
  const isFile = /[./\\]/.test(name);
  const base = isFile ? readStudy(await textOf(name), name) : groupNamed(name);
  const { trials, queries, every, seed, space, only, strict } = options;
  const given = { trials, queries, every, seed, space };
  let study: Study = { ...base, ...withoutHoles(given) };
  if (only !== undefined) study = onlyAlgorithms(study, only.split(",").map((one) => one.trim()));
  if (strict) study = strictly(study);
  if (options.set === undefined) return study;
  const algorithms = study.algorithms.map((one) => ({
    ...one,
    settings: { ...one.settings, ...options.set },
  }));
  return { ...study, algorithms };
}

const withoutHoles = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined)) as Partial<T>;

async function textOf(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(fromHere(file));
  } catch (cause) {
    const why = whyUnreadable(cause);
    throw new UsageError(
      `Cannot read study ${file}: ${why}; groups are ${Object.keys(groupSummaries).join(", ")}`,
      { cause },
    );
  }
}

/** The study with absolute paths, and an entry for each data set. */
async function withTables(study: Study, name: string, options: StudyOptions): Promise<Study> {
  const { objective = "", report = "", tableDataset = "" } = options;
  const named = options.table ?? (study.tables.length === 0 ? usualTable(name, study) : undefined);
  const tables = named === undefined
    ? study.tables
    : [{ file: named, dataset: "", objective: "", report: "" }];
  const all = await Promise.all(tables.map(async (choice) => {
    const file = fromHere(choice.file);
    const datasets = tableDataset === "all"
      ? await datasetsOf(file, study)
      : tableDataset.split(",").map((one) => one.trim());
    return datasets.map((dataset) => ({
      file,
      dataset: dataset || choice.dataset,
      objective: objective || choice.objective,
      report: report || choice.report,
    }));
  }));
  return { ...study, tables: all.flat() };
}

/** The table's usual path. @throws UsageError that says where a table is looked for and how to get one. */
function usualTable(name: string, study: Study): string {
  const wanted = study.space ?? groupSpace(name) ?? "nasbench201";
  const found = knownTable(wanted);
  if (found !== null) {
    printError(`table    ${shortPath(found)}`);
    return found;
  }
  throw new UsageError(
    `Cannot run study ${study.name}: no table is named and none of space ${wanted} is in ` +
      `${tableFolders().join(" or ")}, expected --table FILE; docs/tables.md says how to get one`,
  );
}

async function datasetsOf(file: string, study: Study): Promise<string[]> {
  const { StudyParts } = await import("../run/study/parts.ts");
  const choice = { file, dataset: "", objective: "", report: "" };
  const parts = await StudyParts.open({
    study: { ...study, tables: [choice] },
    cacheDir: places().cacheDir,
  });
  const names = parts.tasks.flatMap(({ table }) => table.tasks.map(({ dataset }) => dataset));
  parts.close();
  return names;
}

async function run(study: Study, options: StudyOptions): Promise<number> {
  const { runStudy } = await import("../run/study/run.ts");
  const out = options.out ?? join("studies", study.name);
  const folder = fromHere(out);
  const progress = new Progress(stderrScreen());
  const interrupt = onStop(() => progress.line("stopping; finished trials are kept"));
  const began = performance.now();
  let last = -Infinity;
  try {
    const records = await runStudy(study, {
      folder,
      threads: options.jobs,
      open: wantsWorkers(options)
        ? (opening) => openWorkers(options, { opening, folder, started: "study", progress })
        : undefined,
      cacheDir: places().cacheDir,
      signal: interrupt.signal,
      progress: (share, what) => progress.redraw(() => `${what}  ${Math.floor(100 * share)} %`),
      onTrial({ done, total, secondsLeft }) {
        const text = () => `${done}/${total} trials  ${timeLeft(secondsLeft())}`;
        progress.redraw(text);
        // Outside a terminal, one line now and then.
        const now = performance.now();
        if (progress.screen.terminal || (now - last < 10_000 && done < total)) return;
        last = now;
        progress.line(text());
      },
    });
    progress.clear();
    await results(records, folder, options);
    const { trials, failed } = records;
    printError(
      `${counted(trials.length, "trial")}, ${duration((performance.now() - began) / 1000)}`,
    );
    if (failed.length > 0) printError(failures(records));
    return trials.length > 0 ? 0 : 1;
  } catch (error) {
    if (!interrupt.signal.aborted || error !== interrupt.signal.reason) throw error;
    progress.line(`go on with the same command: ${commandName()} study …`);
    return interruptedCode;
  } finally {
    progress.clear();
    interrupt.dispose();
  }
}

/** Number of failed trials, and the first reason. */
function failures({ head, failed }: StudyRecords): string {
  const [{ algorithm, seed, reason }] = failed;
  const { name } = head.study.algorithms[algorithm];
  return `${
    counted(failed.length, "trial")
  } failed, the first ${name} with seed ${seed}: ${reason}`;
}

const timeLeft = (seconds: number) => Number.isFinite(seconds) ? `${duration(seconds)} left` : "";

async function results(records: StudyRecords, folder: string, { json }: StudyOptions) {
  const [{ plotStudy }, { reportStudy }] = await Promise.all([
    import("../run/drawing/study_plot.ts"),
    import("../run/drawing/study_report.ts"),
  ]);
  const [figure, report] = [join(folder, "study.svg"), join(folder, "report.html")];
  writeAtomic(figure, plotStudy(records));
  writeAtomic(report, reportStudy(records));
  if (json) return print(JSON.stringify(summariseStudy(records), null, 1));
  print(`${studyTables(records)}\n\n${shortPath(figure)}\n${shortPath(report)}`);
}

/** Mean ± deviation at a few numbers of queries, one table per data set. */
function studyTables(records: StudyRecords): string {
  return summariseStudy(records).map(({ task, at, curves }) => {
    const shown = someOf(at);
    const number = (value: number) => value.toFixed(task.unit === "%" ? 3 : 4);
    const head = ["algorithm", "trials", ...shown.map((i) => `after ${at[i]}`), "s/search"];
    const rows = curves.map(({ algorithm, points, seconds, failed }) => [
      algorithm,
      trialsText(points[0].n, failed),
      ...shown.map((i) => {
        const { n, mean, deviation } = points[i];
        return n < 2 ? number(mean) : `${number(mean)} ± ${number(deviation)}`;
      }),
      String(Number(seconds.toPrecision(2))),
    ]);
    return [
      `${task.label}${task.unit ? `, ${task.unit}` : ""} (${task.report}) of the best by ` +
      `${task.objective}; best in ${task.table}: ${number(task.best)}`,
      lines(head, rows),
    ].join("\n");
  }).join("\n\n");
}
