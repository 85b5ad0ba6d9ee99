/** Locks across the tabs of this page: a run has one writer, and the device works on one run. */
import { UsageError } from "../common/errors.ts";
import { browser } from "./web.ts";

const DEVICE = "denas device";
const nameOf = (run: string) => `denas run ${run}`;

/** Runs that a tab works on, this one included; empty where tabs share nothing. */
export async function runsAtWork(): Promise<Set<string>> {
  const { held } = await browser.locks?.query().catch(() => null) ?? { held: [] };
  return new Set(
    held.map(({ name }) => name).filter((name) => name.startsWith(nameOf("")))
      .map((name) => name.slice(nameOf("").length)),
  );
}

/**
 * Works on a run while both locks are held; the browser releases them when the tab dies.
 * @throws UsageError while another tab has one of them.
 */
export async function working<T>(run: string, work: () => Promise<T>): Promise<T> {
  return await holding(nameOf(run), `run ${run}`, () => holding(DEVICE, "the device", work));
}

async function holding<T>(name: string, what: string, work: () => Promise<T>): Promise<T> {
  const { locks } = browser;
  // A page from a disk has an origin of its own in each tab.
  if (!locks || location.origin === "null") return await work();
  return await locks.request(name, { ifAvailable: true }, (lock) => {
    if (lock) return work();
    throw new UsageError(
      `Cannot work on ${what}: another tab of this page does; stop its run, or wait for its end`,
    );
  });
}
