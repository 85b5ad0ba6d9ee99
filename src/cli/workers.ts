/** Workers of a search: the options that ask for them, and how they are opened for a run. */
import type { Command } from "commander";
import { UsageError } from "../common/errors.ts";
import type { Tuned } from "../gpu/tuning.ts";
import type { SearchConfig } from "../nas/config/config.ts";
import { limits } from "../nas/config/limits.ts";
import type { RunIO } from "../nas/search/search.ts";
import { distributed } from "../run/workers/distribute.ts";
import { Journal } from "../run/workers/journal.ts";
import { ProcessChannel } from "../run/workers/processes.ts";
import { commandName, fromHere, places } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { sizeUpTo } from "./option_values.ts";

export interface WorkerOptions {
  workers?: number;
}

export function addWorkerOptions(command: Command): Command {
  return command.option(
    "--workers <n>",
    "evaluate trials in so many processes of this machine (--evaluator train, or a table)",
    sizeUpTo(limits.jobs),
  );
}

/** Workers that are open for a run. */
export interface OpenWorkers {
  distribute: NonNullable<RunIO["distribute"]>;
  close(): Promise<void>;
}

/** What the workers of a run open. */
export interface WorkersOf {
  /** Folder of the run. */
  run: string;
  config: SearchConfig;
  tuning: Tuned;
  dataDir?: string;
  progress: Progress;
}

/**
 * Opens the workers of a search; undefined where it asks for none.
 * @throws UsageError where this process may not start programs.
 */
export async function openWorkers(
  { workers }: WorkerOptions,
  { run, config, tuning, dataDir, progress }: WorkersOf,
): Promise<OpenWorkers | undefined> {
  if (workers === undefined) return undefined;
  await requirePrograms();
  const find = { ...places(), dataDir: dataDir === undefined ? undefined : fromHere(dataDir) };
  const opening = { kind: "evaluate", plugins: config.plugins, value: { config, tuning, find } };
  const channel = new ProcessChannel(opening, workers);
  const journal = new Journal(run, channel, (adapters) => {
    progress.line(
      `note     results come from ${adapters.join(" and ")}: they may differ in the last bits`,
    );
  });
  progress.line(`workers  ${workers} on this machine`);
  return {
    distribute: (opened, context) =>
      distributed(opened, context, { channel, onAttempt: (attempt) => journal.add(attempt) }),
    async close() {
      await channel.close();
      journal.close();
    },
  };
}

async function requirePrograms(): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "run", command: Deno.execPath() });
  if (state === "granted") return;
  throw new UsageError(
    "Cannot start workers: this process may not start programs; use the launcher (./denas search --workers 2 …), " +
      `or "deno run -A cli.ts" in place of "${commandName()}"`,
  );
}
