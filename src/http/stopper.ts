/** Ends processes: asks first, and kills those that do not answer in time or are told to stop again. */

/** Time until the kill; a run needs at most 5 s from the first signal to its end. */
const usualPatienceMs = 8000;

type Kill = (signal: "SIGINT" | "SIGKILL") => void;

export class Stopper {
  readonly #asked = new Map<string, ReturnType<typeof setTimeout>>();

  /** @param patienceMs time from the first signal to the kill. */
  constructor(readonly patienceMs = usualPatienceMs) {}

  /** Asks a process to end, or kills it when asked again. @param key is unique to the process. */
  stop(key: string, kill: Kill): void {
    if (this.#asked.has(key)) {
      this.forget(key);
      return quietly(kill, "SIGKILL");
    }
    const timer = setTimeout(() => quietly(kill, "SIGKILL"), this.patienceMs);
    this.#asked.set(key, timer);
    quietly(kill, "SIGINT");
  }

  /** Must be called when the process has ended. */
  forget(key: string): void {
    clearTimeout(this.#asked.get(key));
    this.#asked.delete(key);
  }

  close(): void {
    for (const key of [...this.#asked.keys()]) this.forget(key);
  }
}

function quietly(kill: Kill, signal: Parameters<Kill>[0]): void {
  try {
    kill(signal);
  } catch (error) {
    // It has ended by itself.
    const gone = error instanceof Deno.errors.NotFound || error instanceof TypeError;
    if (!gone) throw error;
  }
}

/** Signals that ask a process to end. A run that they end without a checkpoint was still starting. */
const asking: (Deno.Signal | null)[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Whether a process ended because it was asked to. */
export const wasAsked = ({ code, signal }: Deno.CommandStatus): boolean =>
  code === 130 || asking.includes(signal);

/** The signal that ended a process unasked; undefined where it ended by itself and may have said why. */
export function killedBy({ signal }: Deno.CommandStatus): string | undefined {
  if (signal === null) return undefined;
  const next = "resume it to go on from its last checkpoint";
  return signal === "SIGKILL"
    ? `The process was killed from outside (SIGKILL), as the system does when memory runs out; ${next}`
    : `The process was ended by signal ${signal}, as a crash in a driver does it; ${next}`;
}
