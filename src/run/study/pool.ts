/** Runs trials on all cores: each worker takes the next one when it is free. */
import { DataError, UsageError } from "../../common/errors.ts";
import type { TrialResult } from "../../nas/study/trial.ts";
import type { FromWorker, Job, Opening, ToWorker } from "./messages.ts";

/** Jobs sent to a worker in advance, so that it need not wait for the next. */
const AHEAD = 2;

/**
 * Runs all jobs, started in order.
 * @param done called with each result as it arrives, or with the reason why a trial has none.
 * @throws any error from opening a study's parts; the signal's reason. By then all workers have ended and no
 * result arrives any more.
 */
export async function runJobs(
  jobs: readonly Job[],
  options: {
    opening: Opening;
    workers: number;
    signal: AbortSignal;
    done(job: Job, result: TrialResult | { reason: string }): void;
  },
): Promise<void> {
  const { opening, signal, done } = options;
  if (jobs.length === 0) return;
  signal.throwIfAborted();
  const workers = Array.from(
    { length: Math.min(options.workers, jobs.length) },
    () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
  );
  let abort = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort);
      let next = 0, finished = 0;
      for (const worker of workers) {
        const send = (message: ToWorker) => worker.postMessage(message);
        const take = () => {
          if (next < jobs.length) send({ job: jobs[next++] });
        };
        worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
          try {
            if ("failed" in data) return reject(errorOf(data.failed));
            done(data.done, data.result);
            if (++finished === jobs.length) resolve();
            take();
          } catch (error) {
            reject(error);
          }
        };
        worker.onerror = (event) => {
          event.preventDefault();
          reject(new Error(`a worker of the study failed: ${event.message}`));
        };
        send({ open: opening });
        for (let i = 0; i < AHEAD; i++) take();
      }
    });
  } finally {
    signal.removeEventListener("abort", abort);
    for (const worker of workers) worker.terminate();
  }
}

/** Converts an error of another thread to a class that the command line knows. */
function errorOf(failed: Extract<FromWorker, { failed: unknown }>["failed"]): Error {
  const { name, message, stack } = failed;
  if (name === "UsageError") return new UsageError(message);
  if (name === "DataError") return new DataError(message);
  return Object.assign(new Error(message), { stack });
}
