/** `denas resume`: go on with a run that was stopped. */
import type { Command } from "commander";
import { UsageError } from "../errors.ts";
import { RunFolder } from "../run/folder.ts";
import { listRuns } from "../run/state.ts";
import { addRunOptions, type RunOptions } from "./options.ts";
import { fromHere } from "./paths.ts";
import { runPath } from "./run_path.ts";
import { printError } from "./terminal.ts";

export function addResume(program: Command, finish: (code: number) => void): void {
  const command = program.command("resume")
    .argument("[run]", "folder of the run, or its name; the newest interrupted one by default")
    .description("Go on with an interrupted or failed run from its last checkpoint.")
    .option("--out <file>", "where to copy the winner; by default where the search was told to");
  addRunOptions(command).addHelpText(
    "after",
    `
The run ends as if it had never been stopped: same adapter, driver and Deno give the same bits.

Examples:
  $ denas resume
  $ denas resume runs/2026-01-31-micro-1`,
  ).action(async (run: string | undefined, options: Omit<RunOptions, "out"> & { out?: string }) => {
    const resume = RunFolder.open(findRun(run, fromHere(options.runs)));
    const { execute, jobOf } = await import("./execute.ts");
    const dataDir = options.dataDir ?? resume.state.dataDir;
    const out = options.out ?? resume.state.out ?? "arch.json";
    finish(await execute(jobOf(resume), { ...options, dataDir, out, resume }));
  });
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
