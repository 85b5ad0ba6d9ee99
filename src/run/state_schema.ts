/** Contents of `state.json`. */
import * as z from "zod";

const fraction = z.number();

export const runState = z.object({
  /** `queued`: new, or to be resumed, and waiting for its turn or for the adapter. */
  status: z.enum(["queued", "running", "done", "interrupted", "failed"]),
  command: z.enum(["search", "retrain"]),
  pid: z.number().int(),
  deno: z.string(),
  started: z.string(),
  updated: z.string(),
  step: z.number().int(),
  steps: z.number().int().optional(),
  epoch: z.number().int(),
  epochs: z.number().int().optional(),
  secondsLeft: z.number().optional(),
  space: z.string().optional(),
  data: z.string().optional(),
  /** Data folder given by the user, for a resume. */
  dataDir: z.string().optional(),
  /** Destination for a copy of the winner, given by the user, for a resume. */
  out: z.string().optional(),
  /** Minutes of search requested by the user, for a resume. */
  minutes: z.number().positive().optional(),
  /** Workers requested by the user, for a resume; see cli/workers.ts. */
  workers: z.object({
    workers: z.number().int().positive().optional(),
    listen: z.union([z.string(), z.literal(true)]).optional(),
    nats: z.string().optional(),
    workerToken: z.string().optional(),
    ca: z.string().optional(),
    listenCert: z.string().optional(),
    listenKey: z.string().optional(),
    listenSecrets: z.string().optional(),
    checkpointSeconds: z.number().positive().optional(),
  }).optional(),
  /** Other outputs requested by the user, for a resume. */
  outputs: z.object({
    monitorPath: z.string().optional(),
    modelSavePath: z.string().optional(),
    /** Steps between two copies of the weights. */
    modelSaveInterval: z.number().int().positive().optional(),
  }).optional(),
  /** Working directory that the run shares with other processes. */
  workingDirectory: z.string().optional(),
  best: z.object({ trial: z.number().int(), score: z.number() }).optional(),
  /** Description of a search's scores; a unit of `fraction` is shown as per cent. */
  scores: z.object({ label: z.string(), unit: z.string(), comparable: z.boolean() }).optional(),
  testAccuracy: fraction.optional(),
  error: z.string().optional(),
});

export type RunState = z.infer<typeof runState>;
