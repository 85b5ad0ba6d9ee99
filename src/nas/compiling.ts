/** The start of a run that trains: its kernels are compiled before the first step, with word of how far it is. */
import type { Gpu } from "../gpu/device.ts";
import type { RunEvent } from "./events.ts";

/** Compiling that is over after so long is not worth a word, in seconds: the driver found it in its cache. */
const QUIET = 5;

/**
 * Compiles what `rehearse` would dispatch; changes nothing that a run computes. Ends early when the signal
 * says so.
 * @param rehearse records steps of the run (`Gpu.rehearse`).
 */
export async function* compileAhead(
  gpu: Gpu,
  rehearse: () => void,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const dispatches = gpu.rehearse(rehearse);
  let said = false;
  for await (const { done, of, secondsLeft } of gpu.compile(dispatches, signal)) {
    const seconds = (performance.now() - start) / 1000;
    if (!said && seconds + secondsLeft < QUIET) continue;
    said = true;
    yield { type: "compile", done, of, secondsLeft };
  }
}
