/** Repeats jobs whose worker was lost, and runs many jobs at once. */
import type { Channel, Job, Outcome } from "./channel.ts";

/** Attempts of a job, after which it has failed: the job itself may be what ends its workers. */
export const ATTEMPTS = 3;

/** The value of a job, or why it has none. */
export type Attempted = { value: unknown } | { lost: string };

/**
 * Runs a job until a worker ends it, at most `ATTEMPTS` times.
 * @param onAttempt called after each attempt.
 * @throws as `Channel.run`.
 */
export async function attempted(
  channel: Channel,
  job: Omit<Job, "attempt">,
  signal: AbortSignal,
  onAttempt: (attempt: number, outcome: Outcome) => void = () => {},
): Promise<Attempted> {
  for (let attempt = 1;; attempt++) {
    const outcome = await channel.run({ ...job, attempt }, signal);
    onAttempt(attempt, outcome);
    if (outcome.status === "lost" && attempt < ATTEMPTS) continue;
    channel.forget?.(job.id);
    if (outcome.status === "done") return { value: outcome.value };
    return { lost: `its worker was lost ${ATTEMPTS} times, the last time: ${outcome.reason}` };
  }
}

/**
 * Runs all jobs, started in order, as workers get free; closes the channel at the end.
 * @param done called with each value as it arrives.
 * @throws as `Channel.run`. By then all workers have ended and no value arrives any more.
 */
export async function runAll<P>(
  channel: Channel,
  jobs: readonly P[],
  signal: AbortSignal,
  done: (job: P, attempted: Attempted) => void,
): Promise<void> {
  const stop = new AbortController();
  const all = AbortSignal.any([signal, stop.signal]);
  let next = 0;
  const lane = async () => {
    while (next < jobs.length) {
      const i = next++;
      const found = await attempted(channel, { id: String(i), payload: jobs[i] }, all);
      if (all.aborted) throw all.reason;
      done(jobs[i], found);
    }
  };
  try {
    signal.throwIfAborted();
    // Two jobs per worker, so that none waits for its next one.
    await Promise.all(Array.from({ length: 2 * channel.capacity() }, lane));
  } finally {
    stop.abort(new DOMException("Another job ended the work", "AbortError"));
    await channel.close();
  }
}
