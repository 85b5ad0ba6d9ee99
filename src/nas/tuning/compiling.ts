/**
 * Compiles the variants of several keys in parallel before timing: compiling uses all cores, timing needs
 * idle ones.
 */
import type { Gpu } from "../../gpu/device.ts";
import type { Choices } from "../../gpu/tuning.ts";
import { Prepared } from "./prepared.ts";
import type { Part } from "./questions.ts";

/** A pass to compile under choices. */
export interface Job {
  part: Part;
  choices: Choices;
}

/** Compiles the jobs; ends early when `over` returns true, checked about every second. */
export async function compileForms(
  gpu: Gpu,
  jobs: readonly Job[],
  over: () => boolean,
): Promise<void> {
  const missing = gpu.dryRun(() => {
    for (const { part: { pass, wanted }, choices } of jobs) {
      gpu.tuning.choices = choices;
      const dry = new Prepared(gpu, pass, true);
      dry.precede();
      dry.record(wanted);
    }
  });
  const stop = new AbortController();
  for await (const _ of gpu.compile(missing, stop.signal)) {
    if (over()) stop.abort();
  }
}
