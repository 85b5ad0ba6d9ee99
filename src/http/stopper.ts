/** Ends processes: asked first, killed where they do not answer in time or are told to stop again. */

/** A run needs at most 5 s from the first signal to its end. */
const usualPatienceMs = 8000;

type Kill = (signal: "SIGINT" | "SIGKILL") => void;

export class Stopper {
  readonly #asked = new Map<string, ReturnType<typeof setTimeout>>();

  /** @param patienceMs from the first signal to the kill. */
  constructor(readonly patienceMs = usualPatienceMs) {}

  /** @param key the same for the same process, and no other's. */
  stop(key: string, kill: Kill): void {
    if (this.#asked.has(key)) {
      this.forget(key);
      return quietly(kill, "SIGKILL");
    }
    const timer = setTimeout(() => quietly(kill, "SIGKILL"), this.patienceMs);
    this.#asked.set(key, timer);
    quietly(kill, "SIGINT");
  }

  /** The process has ended. */
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

/** Signals that ask: whoever ends by them without a checkpoint was still starting. */
const asking: (Deno.Signal | null)[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Whether a process ended as it does when it is asked to. */
export const wasAsked = ({ code, signal }: Deno.CommandStatus): boolean =>
  code === 130 || asking.includes(signal);

/** Why a process ended that nobody asked; undefined where it ended by itself and may have said why. */
export function killedBy({ signal }: Deno.CommandStatus): string | undefined {
  if (signal === null) return undefined;
  const next = "resume it to go on from its last checkpoint";
  return signal === "SIGKILL"
    ? `The process was killed from outside (SIGKILL), as the system does when memory runs out; ${next}`
    : `The process was ended by signal ${signal}, as a crash in a driver does it; ${next}`;
}
