/** `--seeds 1,2,3`: runs once per seed, one after the other or on workers, then prints mean and deviation. */
import { extname, join } from "@std/path";
import { compareRuns } from "../run/compare.ts";
import { readRun } from "../run/read_run.ts";
import { report } from "./compare.ts";
import { execute, type ExecuteOptions } from "./execute.ts";
import { type Job, withConfig } from "../run/job.ts";
import { commandName } from "./paths.ts";
import { executeOnWorkers } from "./runs_on_workers.ts";
import { print, printError } from "./terminal.ts";
import { wantsWorkers } from "./workers.ts";

/** Runs once per seed; the first exit code that is not 0 ends it. @returns the last run's exit code. */
export async function executeSeeds(
  job: Job,
  seeds: readonly number[],
  options: ExecuteOptions,
): Promise<number> {
  const paths: string[] = [];
  const prepare = options.prepare && onceForAll(options.prepare);
  const onRun = (path: string) => paths.push(path);
  const outFor = (seed: number) =>
    job.command === "search" ? outOf(options.out, seed) : options.out;
  const compare = () => {
    if (!options.json) print(`\n${report(compareRuns(paths.map(readRun)))}`);
  };
  if (wantsWorkers(options)) {
    const runs = seeds.map((seed) => ({ job: withConfig(job, { seed }), out: outFor(seed) }));
    const code = await executeOnWorkers(runs, { ...options, prepare, onRun });
    if (code === 0) compare();
    return code;
  }
  for (const [i, seed] of seeds.entries()) {
    printError(`seed     ${seed} (${i + 1} of ${seeds.length})`);
    const code = await execute(withConfig(job, { seed }), {
      ...options,
      prepare,
      out: outFor(seed),
      monitorPath: folderOf(options.monitorPath, seed),
      modelSavePath: folderOf(options.modelSavePath ?? options.monitorSavePath, seed),
      onRun,
    });
    if (code === 0) continue;
    const rest = seeds.slice(i + 1).join(",");
    printError(
      `after "${commandName()} resume" go on with ${rest ? `--seeds ${rest}, then ` : ""}` +
        `"${commandName()} compare"`,
    );
    return code;
  }
  compare();
  return 0;
}

/** Measures a budget with the first seed only; the others get the same number of epochs. */
function onceForAll(prepare: NonNullable<ExecuteOptions["prepare"]>): typeof prepare {
  let epochs: number | undefined;
  return async (job, equipment) => {
    if (epochs === undefined) {
      const prepared = await prepare(job, equipment);
      epochs = prepared.config.epochs;
      return prepared;
    }
    return withConfig(job, { epochs });
  };
}

/** A folder per seed, so that no seed overwrites another's. */
function folderOf(path: string | undefined, seed: number): string | undefined {
  return path === undefined ? undefined : join(path, `seed${seed}`);
}

/** arch.json → arch-seed2.json */
export function outOf(out: string, seed: number): string {
  const extension = extname(out);
  return `${out.slice(0, out.length - extension.length)}-seed${seed}${extension}`;
}
