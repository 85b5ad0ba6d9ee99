/** The server's answers as zod schemas, for the types of its handlers and its OpenAPI document. */
import { z } from "@hono/zod-openapi";
import { archFile } from "../nas/arch_formats/arch_file.ts";
import { runState } from "../run/state_schema.ts";
import { runId } from "./runs_folder.ts";

const fraction = z.number();

export const idParam = z.object({
  id: z.string().regex(runId).openapi({ param: { in: "path" }, example: "2026-01-31-micro-1" }),
});

export const trialParam = idParam.extend({ trial: z.coerce.number().int().nonnegative() });

export const stateName = runState.shape.status;

export const runSummary = z.object({
  id: z.string(),
  command: z.enum(["search", "retrain"]),
  state: stateName,
  /** Search space. */
  mode: z.string(),
  preset: z.string(),
  strategy: z.string().optional(),
  data: z.string(),
  seed: z.number(),
  created: z.string(),
  updated: z.string(),
  epoch: z.number(),
  epochs: z.number().optional(),
  step: z.number(),
  steps: z.number().optional(),
  secondsLeft: z.number().optional(),
  best: z.object({ trial: z.number(), score: z.number() }).optional(),
  score: z.number().optional().openapi({ description: "the best so far" }),
  /** Unit of the scores; `fraction` is shown as per cent. */
  scoreUnit: z.string().optional(),
  testAccuracy: fraction.optional(),
  error: z.string().optional(),
  /** Number of runs before it in the server's queue. */
  position: z.number().optional(),
}).openapi("RunSummary");

export const runList = z.object({ runs: z.array(runSummary), total: z.number() }).openapi("Runs");

const decision = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  node: z.number(),
  options: z.number(),
  labels: z.array(z.string()).optional(),
});

const event = z.record(z.string(), z.unknown());

export const runDetail = runSummary.extend({
  config: event,
  adapter: z.object({ description: z.string(), driver: z.string(), fallback: z.boolean() })
    .optional(),
  parameters: z.number().optional(),
  /** Number of trials and of events so far; the live stream continues at `?from=events`. */
  trials: z.number(),
  events: z.number(),
  /** Last event of each of these types. */
  start: event.optional(),
  controller: event.optional(),
  done: event.optional(),
  /** The newest event, while kernels are compiled before the first step. */
  compiling: event.optional(),
  winner: z.object({ trial: z.number(), score: z.number(), choice: z.array(z.number()) })
    .optional(),
  /** Decisions behind the rows of the controller's probabilities. */
  decisions: z.array(decision),
  warnings: z.array(z.string()),
  commands: z.array(z.object({ title: z.string(), command: z.string() })),
}).openapi("Run");

export const trialRow = z.object({
  trial: z.number(),
  epoch: z.number(),
  on: z.enum(["reward", "selection"]),
  score: z.number(),
  /** Present, with the reason, where there is no score. */
  status: z.enum(["ok", "failed", "infeasible"]).optional(),
  reason: z.string().optional(),
  parents: z.array(z.number()).optional(),
  trainedEpochs: z.number().int().optional(),
  inherit: z.array(z.object({ slot: z.string(), donors: z.array(z.number()) })).optional(),
  key: z.string(),
  choice: z.array(z.number()),
}).openapi("Trial");

export const trialList = z.object({
  trials: z.array(trialRow),
  total: z.number(),
  offset: z.number(),
  limit: z.number(),
}).openapi("Trials");

export const trialDetail = trialRow.extend({
  /** Rank among all trials of its kind, 1 = best. */
  rank: z.number(),
  /** Parameters of the network that a retraining would build. */
  parameters: z.number(),
  macs: z.number().nullable(),
  arch: archFile,
  command: z.string(),
  /** The architecture in the notations of its space, by name. */
  texts: z.record(z.string(), z.string()),
  /** The hierarchy behind it, in reading order; empty for spaces without one. */
  outline: z.array(z.object({ label: z.string(), level: z.number() })),
}).openapi("TrialDetail");

const series = z.array(z.number().nullable());

export const curves = z.object({
  /** The live stream continues at `?from=next`. */
  next: z.number(),
  steps: z.object({
    x: series,
    loss: series,
    trainAccuracy: series,
    gradientNorm: series,
    learningRate: series,
    imagesPerSecond: series,
  }),
  epochs: z.object({
    x: series,
    loss: series,
    trainAccuracy: series,
    validAccuracy: series,
    /** For searches with policyEvaluation, and retrainings with evalTestEachEpoch. */
    policyAccuracy: series,
    testAccuracy: series,
    seconds: series,
  }),
  controller: z.object({
    x: series,
    loss: series,
    reward: series,
    entropy: series,
    baseline: series,
    skipRate: series,
  }),
  /** Weight of each kernel of the model that chose a trial, by the kernel's name. */
  kernels: z.object({ x: series }).catchall(series),
  /** `reward` is the mean of the trials that share a point. */
  trials: z.object({ x: series, reward: series, low: series, high: series, selection: series }),
  /** Step line: the best score from trial x on. */
  best: z.object({ x: series, score: series }),
}).openapi("Curves");

export const artifactList = z.object({
  artifacts: z.array(z.object({ name: z.string(), bytes: z.number(), type: z.string() })),
}).openapi("Artifacts");

export const started = z.object({ id: z.string(), location: z.string() }).openapi("Started");
