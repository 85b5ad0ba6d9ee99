/** Compiles the kernels of a run before its first step, with progress events. */
import type { Gpu } from "../../gpu/device.ts";
import { type Dispatch, dispatchKey } from "../../gpu/programs.ts";
import type { RunEvent } from "../events.ts";

/** Seconds of compiling without an event: a run that finds its kernels in the driver's cache takes less. */
const QUIET = 5;

/**
 * Compiles the kernels of these dispatches; does not change any result. Ends early when the signal aborts.
 * @param dispatched dispatches of the run's steps (`Gpu.dryRun`); the same one may occur several times.
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
