/**
 * Queue of waiting runs: one small file each in `queue/` beside the runs, so that the queue outlives its
 * process and several processes may share it.
 */
import { join } from "@std/path";
import { writeAtomic } from "./files.ts";

export interface Waiting {
  /** Name of the run's folder. */
  run: string;
  since: string;
}

export class RunQueue {
  readonly #folder: string;
  #last = 0;

  /** @param runs folder of all runs. */
  constructor(runs: string) {
    this.#folder = join(runs, "queue");
  }

  /** Appends a run. */
  add(run: string): void {
    Deno.mkdirSync(this.#folder, { recursive: true });
    // File names sort by time; two within a millisecond also keep their order.
    this.#last = Math.max(Date.now(), this.#last + 1);
    const since = new Date(this.#last).toISOString();
    const name = `${String(this.#last).padStart(15, "0")}-${run}.json`;
    writeAtomic(join(this.#folder, name), JSON.stringify({ run, since } satisfies Waiting));
  }

  /** Waiting runs, first come first. */
  list(): Waiting[] {
    return this.#files().map(({ run, since }) => ({ run, since }));
  }

  /** Removes a run. False when it is not there, or another process was faster. */
  take(run: string): boolean {
    return this.#files().filter((entry) => entry.run === run)
      .map(({ file }) => remove(file)).includes(true);
  }

  #files(): (Waiting & { file: string })[] {
    let names: string[];
    try {
      names = [...Deno.readDirSync(this.#folder)].map(({ name }) => name).sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
    return names.flatMap((name) => {
      const match = /^(\d{15})-(.+)\.json$/.exec(name);
      if (!match) return [];
      const since = new Date(Number(match[1])).toISOString();
      return [{ run: match[2], since, file: join(this.#folder, name) }];
    });
  }
}

function remove(file: string): boolean {
  try {
    Deno.removeSync(file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
