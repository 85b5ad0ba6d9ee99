/** Starts a job with its options: fits the budget, then runs one seed or several. */
import { UsageError } from "../common/errors.ts";
import type { ExecuteOptions } from "./execute.ts";
import type { Job } from "../run/job.ts";
import { wantsWorkers } from "./workers.ts";

/** @returns the exit code. */
export async function start(
  job: Job,
  options: ExecuteOptions & { budget?: number; seeds?: number[] },
): Promise<number> {
  const { budget, seeds } = options;
  const { fitBudget } = await import("./budget.ts");
  const prepare = budget === undefined ? undefined : fitBudget(budget);
  if (seeds) {
    const { executeSeeds } = await import("./seeds.ts");
    return await executeSeeds(job, seeds, { ...options, prepare });
  }
  if (job.command === "retrain" && wantsWorkers(options)) {
    throw new UsageError(
      "Cannot use workers for one training: expected several, as of --seeds 1,2,3; leave out --workers",
    );
  }
  const { execute } = await import("./execute.ts");
  return await execute(job, { ...options, prepare });
}
