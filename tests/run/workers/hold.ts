/** A place where a job stops for good while a file is there, so that its process can be ended at a known place. */
import type { Channel } from "../../../src/run/workers/channel.ts";

/** Hangs while the file is there, and leaves a file `.reached` beside it. @throws the signal's reason. */
export async function hang(hold: string, signal?: AbortSignal): Promise<void> {
  if (!exists(hold)) return;
  Deno.writeTextFileSync(`${hold}.reached`, "");
  signal?.throwIfAborted();
  await new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 3_600_000);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)));
  });
}

/** Waits for a job that hangs, and lets those that come later pass. */
export async function reached(hold: string): Promise<void> {
  await until(() => exists(`${hold}.reached`));
  Deno.removeSync(hold);
}

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Kills the process of the only worker. One on another machine tells it later than its job reaches a hold. */
export async function killWorker(channel: Channel): Promise<void> {
  await until(() => channel.workers()[0].pid !== undefined);
  Deno.kill(channel.workers()[0].pid!, "SIGKILL");
}

function exists(file: string): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch {
    return false;
  }
}
