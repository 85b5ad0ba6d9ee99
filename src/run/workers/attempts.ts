/** Repeats jobs whose worker was lost, checks what workers give, and runs many jobs at once. */
import type * as z from "zod";
import { Inbox } from "../../common/inbox.ts";
import { sha256 } from "../../common/sha256.ts";
import type { Channel, Job, OnAttempt } from "./channel.ts";

/** Attempts of a job, after which it has failed: the job itself may be what ends its workers. */
export const ATTEMPTS = 3;

/** Milliseconds between two looks for new workers while no value arrives. */
const LOOK_MS = 1000;

/** The value of a job, or why it has none. */
export type Attempted<V> = { value: V } | { lost: string; unfit?: boolean };

/**
 * Runs a job until a worker ends it, at most `ATTEMPTS` times.
 * @param schema of the value: it comes from another process or another machine.
 * @throws as `Channel.run`.
 */
export async function attempted<V>(
  channel: Channel,
  given: Omit<Job, "attempt">,
  schema: z.ZodType<V>,
  signal: AbortSignal,
  onAttempt: OnAttempt = () => {},
): Promise<Attempted<V>> {
  for (let attempt = 1;; attempt++) {
    const job = { ...given, attempt };
    const outcome = await channel.run(job, signal);
    onAttempt(job, outcome);
    if (outcome.status === "lost" && attempt < ATTEMPTS) continue;
    channel.forget?.(given.id);
    if (outcome.status === "done") return valueOf(outcome.value, schema);
    if (outcome.status === "unfit") return { lost: outcome.reason, unfit: true };
    return { lost: `its worker was lost ${ATTEMPTS} times, the last time: ${outcome.reason}` };
  }
}

function valueOf<V>(value: unknown, schema: z.ZodType<V>): Attempted<V> {
  const found = schema.safeParse(value);
  if (found.success) return { value: found.data };
  const [{ path, message }] = found.error.issues;
  const meaning = [path.join("."), message].filter((part) => part !== "").join(": ");
  return { lost: `its worker gave something that is no result: ${meaning}` };
}

/** Id of a job: the same for the same payload, also after a restart. @param number of the job, for readers. */
export const jobId = (number: number, payload: unknown): string =>
  `${number}-${sha256(JSON.stringify(payload)).slice(0, 12)}`;

/** Independent jobs of the same work. */
export interface Jobs<P, V> {
  channel: Channel;
  payloads: readonly P[];
  schema: z.ZodType<V>;
  onAttempt?: OnAttempt;
  /** Bytes of device memory that a job takes. */
  needs?(payload: P): number | undefined;
  /** Name of the file that all of them read. */
  attachment?: string;
}

/**
 * Runs all jobs, started in order, as workers get free; yields each value as it arrives. What still runs when
 * the caller leaves is cancelled.
 * @throws as `Channel.run`.
 */
export async function* runAll<P, V>(
  { channel, payloads, schema, onAttempt, needs, attachment }: Jobs<P, V>,
  signal: AbortSignal,
): AsyncGenerator<{ payload: P; found: Attempted<V> }> {
  const stop = new AbortController();
  const all = AbortSignal.any([signal, stop.signal]);
  const inbox = new Inbox<{ payload: P; found: Attempted<V> }>();
  let started = 0, told = 0;
  const start = async (number: number) => {
    const payload = payloads[number];
    const id = jobId(number, attachment === undefined ? payload : { payload, attachment });
    const job = { id, payload, needs: needs?.(payload), attachment };
    inbox.put({ payload, found: await attempted(channel, job, schema, all, onAttempt) });
  };
  try {
    while (told < payloads.length) {
      // Two jobs per worker, so that none waits for its next one.
      const most = told + 2 * Math.max(1, channel.capacity());
      while (started < Math.min(most, payloads.length)) {
        start(started++).catch((error) => inbox.fail(error));
      }
      const arrived = await inbox.takeWithin(LOOK_MS);
      if (!arrived) continue;
      told++;
      yield arrived;
    }
  } finally {
    stop.abort(new DOMException("Another job ended the work", "AbortError"));
  }
}
