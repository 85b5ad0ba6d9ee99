/** Locks across the tabs of this page: a run has one writer, and the device works on one run. */
import { UsageError } from "../common/errors.ts";
import type { Disk } from "./disk.ts";
import { browser } from "./web.ts";

const DEVICE = "denas device";
const nameOf = (run: string) => `denas run ${run}`;

/** Runs that a tab works on, this one included. */
export async function runsAtWork({ lasts }: Disk): Promise<Set<string>> {
  const { held } = lasts && await browser.locks?.query() || { held: [] };
  return new Set(
    held.map(({ name }) => name).filter((name) => name.startsWith(nameOf("")))
      .map((name) => name.slice(nameOf("").length)),
  );
}

/**
 * Works on a run while both locks are held; the browser releases them when the tab dies.
 * @throws UsageError while another tab has one of them.
 */
export async function working<T>(
  disk: Disk,
  run: string,
  work: () => Promise<T>,
): Promise<T> {
  // Files in memory are this tab's alone.
  if (!disk.lasts || !browser.locks) return await work();
  return await holding(nameOf(run), `run ${run}`, () => withDevice(disk, work));
}

/** Works on the device without a run. @throws UsageError while another tab has it. */
export async function withDevice<T>({ lasts }: Disk, work: () => Promise<T>): Promise<T> {
  return lasts && browser.locks ? await holding(DEVICE, "the device", work) : await work();
}

async function holding<T>(name: string, what: string, work: () => Promise<T>): Promise<T> {
  return await browser.locks!.request(name, { ifAvailable: true }, (lock) => {
    if (lock) return work();
    throw new UsageError(
      `Cannot work on ${what}: another tab of this page does; stop its run, or wait for its end`,
    );
  });
}
