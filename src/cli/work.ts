/** `denas work`: offers this machine to searches that listen for workers. */
import type { Command } from "commander";
import { AdapterError } from "../common/errors.ts";
import { Gpu } from "../gpu/mod.ts";
import { limits } from "../nas/config/limits.ts";
import { interruptedCode } from "../run/interrupt.ts";
import { type Lock, lockAdapter, workersGroup } from "../run/lock.ts";
import { loadedPlugins } from "../run/plugins.ts";
import { sizeUpTo } from "./option_values.ts";
import { fromHere, lockFolder, places } from "./paths.ts";
import { onStop } from "./stopping.ts";
import { printError } from "./terminal.ts";
import { readSecret, requirePrograms } from "./workers.ts";

interface WorkOptions {
  tokenFile?: string;
  ca?: string;
  perAdapter: number;
  memory?: number;
  dataDir?: string;
  wait?: boolean;
}

export function addWork(program: Command, finish: (code: number) => void): void {
  program.command("work")
    .argument("<url>", "address that the search printed: nats://host:port or tls://host:port")
    .description("Evaluate trials of searches on other machines until stopped.")
    .option("--token-file <file>", "the worker's credential, from the search's run folder")
    .option("--ca <file>", "certificates of the server's authority, for tls://")
    .option("--per-adapter <n>", "trials at the same time", sizeUpTo(limits.jobs), 1)
    .option(
      "--memory <MiB>",
      "device memory that a trial may take; those that need more go to other workers",
      sizeUpTo(limits.megabytes),
    )
    .option("--data-dir <folder>", "look for data sets here first")
    .option("--wait", "wait while a search on this machine has the adapter")
    .addHelpText(
      "after",
      `
The first Ctrl-C finishes the trials that run, the second gives them to other workers.

Examples:
  $ denas work nats://10.0.0.5:4222 --token-file token
  $ denas work tls://gpu1.example.org:4222 --token-file token --ca ca.pem --per-adapter 2`,
    ).action(async (url: string, options: WorkOptions) => finish(await work(url, options)));
}

async function work(url: string, options: WorkOptions): Promise<number> {
  await requirePrograms();
  const { serveWorkers } = await import("../run/workers/nats/serve.ts");
  const { tokenFile, ca, perAdapter, memory, dataDir, wait } = options;
  const lock = await sharedLock(url, wait);
  const interrupt = onStop(() => {
    printError("finishing what runs; once more to stop at once");
    serving?.drain();
  });
  let serving: Awaited<ReturnType<typeof serveWorkers>> | undefined;
  try {
    serving = await serveWorkers({
      access: { url, secret: readSecret(tokenFile), ca: ca && fromHere(ca) },
      workers: perAdapter,
      memory: memory && memory * 2 ** 20,
      plugins: loadedPlugins(),
      find: { ...places(), dataDir: dataDir && fromHere(dataDir) },
      report: (note) => printError(`note     ${note}`),
    });
    printError(`working  for ${url}, ${perAdapter} at a time`);
    await serving.ended;
    return interrupt.signal.aborted ? interruptedCode : 0;
  } finally {
    interrupt.dispose();
    lock?.release();
  }
}

/** Workers of this machine share its adapter; searches have it for themselves. */
async function sharedLock(url: string, wait: boolean | undefined): Promise<Lock | undefined> {
  let adapter: string;
  try {
    const gpu = await Gpu.open();
    adapter = gpu.adapter.description;
    gpu.close();
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    printError("note     no adapter here: only trials on tables can be evaluated");
    return undefined;
  }
  printError(`adapter  ${adapter}`);
  const run = `of "work" for ${url}`;
  const options = { folder: lockFolder(), adapter, run, wait, group: workersGroup };
  return await lockAdapter({ ...options, onWait: () => printError("waiting for the adapter") });
}
