/** `denas resume`: continues a run that was stopped. */
import type { Command } from "commander";
import { join } from "@std/path";
import { UsageError } from "../common/errors.ts";
import { loadPlugins } from "../run/plugins.ts";
import { readJson, RunFolder } from "../run/folder.ts";
import { listRuns, readState } from "../run/state.ts";
import { addRunOptions, type RunOptions } from "./run_options.ts";
import { fromHere, shortPath } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { printError } from "./terminal.ts";
import { addSearchWorkerOptions, wantsWorkers, type WorkerOptions } from "./workers.ts";

type ResumeOptions = Omit<RunOptions, "out"> & WorkerOptions & { out?: string; minutes?: number };

export function addResume(program: Command, finish: (code: number) => void): void {
  const command = program.command("resume")
    .argument("[run]", "folder of the run, or its name; the newest interrupted one by default")
    .description("Go on with an interrupted or failed run from its last checkpoint.")
    .option("--out <file>", "where to copy the winner; by default where the search was told to");
  addSearchWorkerOptions(addRunOptions(command)).addHelpText(
    "after",
    `
The run ends as if it had never been stopped: same adapter, driver and Deno give the same bits.

Examples:
  $ denas resume
  $ denas resume runs/2026-01-31-micro-1`,
  ).action(async (run: string | undefined, options: ResumeOptions) => {
    const path = findRun(run, fromHere(options.runs));
    requireCurrent(path);
    const resume = RunFolder.open(path);
    await loadPlugins(pluginsOf(resume));
    const { execute } = await import("./execute.ts");
    const { jobOf } = await import("../run/job.ts");
    const dataDir = options.dataDir ?? resume.state.dataDir;
    const out = options.out ?? resume.state.out ?? "arch.json";
    const workers = wantsWorkers(options) ? {} : resume.state.workers;
    const minutes = options.minutes ?? resume.state.minutes;
    finish(await execute(jobOf(resume), { ...options, ...workers, minutes, dataDir, out, resume }));
  });
}

/**
 * Checks the settings before anything of the run is opened.
 * @throws UsageError for settings of an earlier version of denas, and for a run of a working directory.
 */
function requireCurrent(path: string): void {
  const { status, workingDirectory } = readState(path);
  if (status === "done") return;
  if (workingDirectory !== undefined) {
    throw new UsageError(
      `Cannot resume ${shortPath(path)}: it belongs to working directory ` +
        `${
          shortPath(workingDirectory)
        }, expected a run of its own; give its "denas hnas" command again`,
    );
  }
  const { version } = readJson(join(path, "config.json")) as { version?: unknown };
  if (version === 2) return;
  throw new UsageError(
    `Cannot go on with run ${
      shortPath(path)
    }: its settings are of version ${version}, expected 2; ` +
      "finish it with the denas that began it, or begin anew",
  );
}

/** Plug-ins that the run was started with. */
function pluginsOf({ config }: RunFolder): string[] {
  const { plugins } = config as { plugins?: unknown };
  // The settings' schema checks later whether they are paths.
  return Array.isArray(plugins) ? plugins.filter((file) => typeof file === "string") : [];
}

function findRun(run: string | undefined, runs: string): string {
  if (run !== undefined) return runPath(run, runs);
  const known = listRuns(runs, (problem) => printError(`left out: ${problem}`));
  const newest = known.findLast(({ state }) =>
    state.status === "interrupted" || state.status === "failed"
  );
  if (!newest) {
    throw new UsageError(
      `Cannot resume: no interrupted run in ${runs}, expected one; "denas runs" lists all runs`,
    );
  }
  return newest.path;
}
