/** `denas runs`: lists runs with their state and progress. */
import type { Command } from "commander";
import { listRuns } from "../run/state.ts";
import { readWorkers } from "../run/workers/journal.ts";
import { commandName, fromHere, shortPath } from "./paths.ts";
import { duration, percent, print, printError, scoreText, table } from "./terminal.ts";

export function addRuns(program: Command): void {
  program.command("runs")
    .description("List runs: how far each came, the best score, what to do with it.")
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--workers", "list the workers of running searches instead")
    .option("--json", "print one line of JSON per run, or worker")
    .addHelpText(
      "after",
      `
Examples:
  $ denas runs
  $ denas runs --workers
  $ denas runs --json | jq 'select(.status == "interrupted") | .path'`,
    ).action((options: { runs: string; json?: boolean; workers?: boolean }) => {
      const folder = fromHere(options.runs);
      if (options.workers) return listWorkers(folder, options.json ?? false);
      const runs = listRuns(folder, (problem) => printError(`left out: ${problem}`));
      if (options.json) {
        for (const { path, state } of runs) print(JSON.stringify({ path, ...state }));
        return;
      }
      if (runs.length === 0) {
        printError(
          `no runs in ${shortPath(folder)}; start one: ${commandName()} search --mode micro`,
        );
        return;
      }
      const rows = runs.map(({ name, state }) => [
        name,
        state.status,
        state.data ?? "–",
        state.steps ? `${state.step}/${state.steps}` : "–",
        state.status === "running" && state.secondsLeft ? duration(state.secondsLeft) : "–",
        state.best ? scoreText(state.best.score, state.scores?.unit) : "–",
        state.testAccuracy === undefined ? "–" : percent(state.testAccuracy),
      ]);
      print(table(["run", "status", "data", "steps", "left", "best score", "test"], rows));
    });
}

function listWorkers(folder: string, json: boolean): void {
  const all = listRuns(folder, () => {}).filter(({ state }) => state.status === "running")
    .flatMap(({ name, path }) =>
      (readWorkers(path)?.workers ?? []).map((worker) => ({ run: name, ...worker }))
    );
  if (json) return all.forEach((worker) => print(JSON.stringify(worker)));
  if (all.length === 0) {
    return printError(`no search in ${shortPath(folder)} has workers now`);
  }
  const rows = all.map(({ run, id, state, adapter, job, done }) => [
    run,
    id,
    state,
    adapter ?? "–",
    // The number of the trial comes first.
    job?.split("-")[0] ?? "–",
    String(done),
  ]);
  print(table(["run", "worker", "state", "adapter", "trial", "done"], rows));
}
