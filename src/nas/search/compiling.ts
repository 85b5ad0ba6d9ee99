/** The start of a run that trains: its kernels are compiled before the first step, with word of how far it is. */
import type { Gpu } from "../../gpu/device.ts";
import { type Dispatch, dispatchKey } from "../../gpu/programs.ts";
import type { RunEvent } from "../events.ts";

/** Compiling that is over after so long is not worth a word, in seconds: the driver found it in its cache. */
const QUIET = 5;

/**
 * Compiles what is to be dispatched; changes nothing that a run computes. Ends early when the signal says so.
 * @param dispatched what steps of the run dispatch (`Gpu.dryRun`); of several dry runs some may be equal.
 */
export async function* compileAhead(
  gpu: Gpu,
  dispatched: readonly Dispatch[],
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const dispatches = new Map(dispatched.map((one) => [dispatchKey(one), one]));
  let said = false;
  for await (const { done, of, secondsLeft } of gpu.compile([...dispatches.values()], signal)) {
    const seconds = (performance.now() - start) / 1000;
    if (!said && seconds + secondsLeft < QUIET) continue;
    said = true;
    yield { type: "compile", done, of, secondsLeft };
  }
}
