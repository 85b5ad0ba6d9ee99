/** Requests to drain or stop workers of a run, as files in its folder: the server writes, the run reads. */
import { join } from "@std/path";
import type { Channel } from "./channel.ts";

export type WorkerAction = "drain" | "stop";

const FOLDER = "workers.asked";

/** Names of workers, which are names of files here. */
export const workerName = /^[\w-]{1,200}$/;

/** Asks the process that runs a search to drain or stop one of its workers. */
export function askWorker(run: string, worker: string, action: WorkerAction): void {
  if (!workerName.test(worker)) throw new Error(`Cannot ask worker ${worker}: no name of a worker`);
  Deno.mkdirSync(join(run, FOLDER), { recursive: true });
  Deno.writeTextFileSync(join(run, FOLDER, `${worker}.${action}`), "");
}

/** Does what was asked since the last call. */
export function answerAsked(run: string, channel: Channel): void {
  let names: string[];
  try {
    names = [...Deno.readDirSync(join(run, FOLDER))].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for (const name of names) {
    Deno.removeSync(join(run, FOLDER, name));
    const [worker, action] = name.split(".");
    if (action === "drain") channel.drain(worker);
    else if (action === "stop") channel.stop(worker);
  }
}
