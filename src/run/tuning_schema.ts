/** Schemas of tuning files, for hosts and browsers. */
import * as z from "zod";

/** Identity of a tuning: if any of it changes, kernels are measured again. */
const identity = z.object({
  /** Description of the adapter. */
  adapter: z.string(),
  /** Driver version; null when the system does not report it. */
  driver: z.string().nullable(),
  deno: z.string(),
  /** Digest of all kernels. */
  kernels: z.string(),
});

export type TuningIdentity = z.infer<typeof identity>;

const choices = z.record(
  z.string(),
  z.object({ index: z.number().int().nonnegative(), among: z.string() }),
);

/** Tuning in the cache of this machine. */
export const keptTuning = identity.extend({ measured: z.string(), choices });

/** Choices by key, including variants that are the default, and the time of the last addition. */
export type KeptTuning = z.infer<typeof keptTuning>;

/** A run's tuning.json: its kernel variants, fixed for its lifetime, and the measurement that they come from. */
export const runTuning = z.object({
  choices,
  from: keptTuning.omit({ choices: true }).nullable(),
});

export type RunTuning = z.infer<typeof runTuning>;
