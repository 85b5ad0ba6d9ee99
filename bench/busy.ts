/**
 * How busy a software adapter keeps the processor: time that the driver's worker threads compute, from Linux's
 * `/proc`. What is missing to 100 % is time in which cores wait: for a dispatch's last work-groups, for the next
 * dispatch, for the host.
 */

/** llvmpipe's threads for pictures. There are as many for compute shaders, which have the process's own name. */
const named = /^llvmpipe-\d+$/;

/** Milliseconds of a clock tick in `/proc`, which Linux fixes for all programs. */
const tickMs = 10;

const folder = "/proc/self/task";

function threads(): { ms: Map<string, number>; workers: number } {
  const ms = new Map<string, number>();
  let workers = 0;
  try {
    for (const { name: id } of Deno.readDirSync(folder)) {
      // The name stands in brackets; user and system time are the 14th and 15th fields of the line.
      const [, name, rest] = Deno.readTextFileSync(`${folder}/${id}/stat`)
        .match(/^\d+ \((.*)\) (.*)/)!;
      if (named.test(name)) workers++;
      const fields = rest.split(" ");
      // The first thread, whose number is the process's, is the host.
      if (Number(id) !== Deno.pid) ms.set(id, tickMs * (Number(fields[11]) + Number(fields[12])));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return { ms, workers };
}

/** Adds up the time that threads compute between pairs of `start` and `stop`. */
export class Busy {
  readonly #ms = new Map<string, number>();
  #before = new Map<string, number>();
  #from = 0;
  #wall = 0;
  #workers = 0;

  start(): void {
    this.#before = threads().ms;
    this.#from = performance.now();
  }

  stop(): void {
    this.#wall += performance.now() - this.#from;
    const { ms, workers } = threads();
    this.#workers = workers;
    for (const [id, now] of ms) {
      const before = this.#before.get(id) ?? 0;
      this.#ms.set(id, (this.#ms.get(id) ?? 0) + now - before);
    }
  }

  /**
   * Share of the cores' time in which worker threads computed, 0 to 1: of the busiest threads, as many as the driver
   * has workers. Null on other adapters and where there is no `/proc`.
   */
  get share(): number | null {
    return this.shareOf(this.#wall);
  }

  /** The same of another time, in ms: that of the device, where the host's does not count. */
  shareOf(ms: number): number | null {
    if (!this.#workers) return null;
    const busiest = [...this.#ms.values()].sort((a, b) => b - a).slice(0, this.#workers);
    const cores = Math.min(this.#workers, navigator.hardwareConcurrency);
    return busiest.reduce((a, b) => a + b, 0) / (cores * ms);
  }
}

/** The share in words; empty where there is none. */
export const busyWords = (share: number | null): string =>
  share === null ? "" : `driver's threads busy ${(100 * share).toFixed(0)} %`;
