/** Names of streams and subjects on the server, messages on them, and the rights of the two users. */
import * as z from "zod";
import type { Outcome } from "../channel.ts";

/** Work queue of jobs, results, and what each run's workers open. */
export const JOBS = "DENAS_JOBS", RESULTS = "DENAS_RESULTS", RUNS = "DENAS_RUNS";
/** Consumer of the work queue that all workers share. */
export const CONSUMER = "workers";
/** Bucket of the leases: one coordinator per run. */
export const LEASES = "denas_leases";
/** Bucket of what the coordinator offers, by content hash: data sets, and attachments of jobs. */
export const FILES = "denas_files";
/** Bucket of what workers write: checkpoints of jobs, and results that are too large for a message. */
export const WORK = "denas_work";

/** Bytes that a message's headers may have: they count as payload. */
export const HEADERS = 1024;

/** Subjects. Ids and runs hold no dots, blanks or wildcards. */
export const subjects = {
  job: (run: string, id: string, ticket: string) => `denas.job.${run}.${id}.${ticket}`,
  jobsOf: (run: string) => `denas.job.${run}.>`,
  /** The first result of a job wins. */
  result: (run: string, id: string) => `denas.result.${run}.${id}`,
  /** A worker was lost; says so once per ticket. */
  lost: (run: string, id: string, ticket: string) => `denas.result.${run}.${id}.${ticket}`,
  resultsOf: (run: string) => `denas.result.${run}.>`,
  run: (run: string) => `denas.run.${run}`,
  alive: (worker: string) => `denas.alive.${worker}`,
  control: (worker: string) => `denas.control.${worker}`,
  cancel: (run: string, id: string) => `denas.cancel.${run}.${id}`,
  /** Asks all workers for a sign of life. */
  hello: "denas.hello",
};

/**
 * Text of a cancel message. The server may send a reply of its own to any subject that a worker names, so that the
 * subject alone proves nothing.
 */
export const CANCEL = "cancel";

/** Text as a part of a subject. */
export const token = (text: string): string => text.replace(/[^\w-]+/g, "-");

/** Text of another machine, cut to a size that logs and pages can hold. */
const text = (most: number) => z.string().transform((given) => given.slice(0, most));
/** A name that is a part of a subject. */
const name = z.string().max(300).regex(/^[\w-]+$/);
/** A SHA-256 in hexadecimal digits: it becomes the name of a folder. */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A data set as an opening names it. */
export const datasetName = z.object({
  /** Name of a published set, or the path on the coordinator's machine. */
  name: z.string(),
  hash: sha256,
});
export type DatasetName = z.infer<typeof datasetName>;

/** The content of a message that has the form of a schema; null for any other one. */
export function contentOf<T>(schema: z.ZodType<T>, message: { string(): string }): T | null {
  try {
    return schema.parse(JSON.parse(message.string()));
  } catch {
    return null;
  }
}

export const jobMessage = z.object({
  run: z.string(),
  /** Hash of the run's opening: a worker whose work was opened from another one opens anew. */
  opening: z.string(),
  /** It becomes the name of a file. */
  id: name,
  attempt: z.number().int().positive(),
  ticket: z.string(),
  payload: z.unknown(),
  needs: z.number().nonnegative().optional(),
  /** Name of the file that it reads, which lies beside the data sets. */
  attachment: sha256.optional(),
});
export type JobMessage = z.infer<typeof jobMessage>;

export const openingMessage = z.object({
  /** Version of denas and of its kernels; workers must have the same. */
  version: z.string(),
  hash: z.string(),
  kind: z.string(),
  /** Plug-ins by the hash of their files; workers must have them. */
  plugins: z.array(z.object({ name: z.string(), sha256: z.string() })),
  /** Data set that the work reads. */
  dataset: datasetName.optional(),
  /** Seconds between two checkpoints of a job; absent: it has none. */
  checkpointSeconds: z.number().nonnegative().optional(),
  value: z.unknown(),
});
export type OpeningMessage = z.infer<typeof openingMessage>;

export const resultMessage = z.object({
  id: z.string(),
  ticket: z.string(),
  outcome: z.discriminatedUnion("status", [
    z.object({
      status: z.literal("done"),
      value: z.unknown(),
      stored: z.boolean().optional(),
      worker: text(300),
      adapter: text(300).optional(),
      seconds: z.number(),
    }),
    z.object({
      status: z.enum(["lost", "unfit"]),
      reason: text(1000),
      log: text(4096),
      worker: text(300),
    }),
  ]),
});
/** `stored` where the value is in the object store, since it is too large for a message. */
export type ResultOutcome = Outcome & { stored?: boolean };
export type ResultMessage = { id: string; ticket: string; outcome: ResultOutcome };

/** Description of an object in the store. */
export const objectMeta = z.object({ name: z.string(), deleted: z.boolean() });

/** A worker's sign of life. */
export const aliveMessage = z.object({
  id: name,
  state: z.enum(["starting", "idle", "busy", "draining", "ended"]),
  pid: z.number().int().optional(),
  host: text(300).optional(),
  adapter: text(300).optional(),
  driver: text(300).optional(),
  memory: z.number().nonnegative().optional(),
  run: z.string().optional(),
  job: z.string().optional(),
  ticket: z.string().optional(),
  done: z.number().int(),
  /** Why it takes no jobs of a run. */
  refuses: z.object({ run: z.string(), reason: text(1000) }).optional(),
});
export type AliveMessage = z.infer<typeof aliveMessage>;

const api = "$JS.API";

/** Rights to read the objects of a bucket. */
const reading = (bucket: string) => [
  `${api}.STREAM.INFO.OBJ_${bucket}`,
  `${api}.STREAM.MSG.GET.OBJ_${bucket}`,
  `${api}.DIRECT.GET.OBJ_${bucket}.>`,
  `${api}.CONSUMER.CREATE.OBJ_${bucket}.>`,
  `${api}.CONSUMER.CREATE.OBJ_${bucket}`,
  `${api}.CONSUMER.DELETE.OBJ_${bucket}.>`,
  `${api}.CONSUMER.INFO.OBJ_${bucket}.>`,
  `${api}.CONSUMER.MSG.NEXT.OBJ_${bucket}.>`,
];

/**
 * Rights of a worker: take jobs, publish results and signs of life, read openings and data sets, write
 * checkpoints. Replacing a checkpoint purges the chunks of the one before.
 */
export const workerRights = {
  publish: [
    `${api}.INFO`,
    `${api}.CONSUMER.INFO.${JOBS}.${CONSUMER}`,
    `${api}.CONSUMER.MSG.NEXT.${JOBS}.${CONSUMER}`,
    `$JS.ACK.${JOBS}.${CONSUMER}.>`,
    `${api}.STREAM.MSG.GET.${RUNS}`,
    ...reading(FILES),
    ...reading(WORK),
    `${api}.STREAM.PURGE.OBJ_${WORK}`,
    `$O.${WORK}.C.>`,
    `$O.${WORK}.M.>`,
    "$JS.FC.>",
    "denas.result.>",
    "denas.alive.>",
  ],
  subscribe: ["_INBOX_WORKER.>", "denas.control.>", "denas.cancel.>", subjects.hello],
};
