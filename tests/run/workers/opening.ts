/** Searches with the sleeping evaluator, and the opening of their workers. */
import { fileURLToPath } from "node:url";
import { resolveSearchConfig, type SearchConfig } from "../../../src/nas/config/config.ts";
import { type RunIO, search } from "../../../src/nas/search/search.ts";
import { memoryStore, type Store } from "../../../src/nas/search/store.ts";
import { loadPlugins } from "../../../src/run/plugins.ts";
import type { RunEvent } from "../../../src/nas/events.ts";
import type { Channel, Job, Opening, Outcome } from "../../../src/run/workers/channel.ts";
import { distributed } from "../../../src/run/workers/distribute.ts";

export const plugin = fileURLToPath(new URL("./sleeping.ts", import.meta.url));
await loadPlugins([plugin]);

/** A search of 20 trials with the sleeping evaluator. */
export const configOf = (overrides: Record<string, unknown> = {}): SearchConfig =>
  resolveSearchConfig({
    mode: "nasbench201",
    overrides: {
      strategy: "random",
      evaluator: "sleeping",
      plugins: [plugin],
      ...overrides,
    },
  });

export const openingOf = (config: SearchConfig): Opening => ({
  kind: "evaluate",
  plugins: config.plugins,
  value: { config, tuning: {}, find: { cacheDir: "/nonexistent" } },
});

/** A job that evaluates one choice. */
export const jobOf = (trial: number, choice: number[], attempt = 1): Job => ({
  id: `${trial}`,
  attempt,
  payload: { trial: { id: trial, choice }, on: "reward" },
});

interface Attempt {
  trial: number;
  outcome: Outcome;
}

/** Runs a search to its end, on the workers of a channel where one is given. */
export async function searched(
  config: SearchConfig,
  options: {
    channel?: Channel;
    store?: Store;
    signal?: AbortSignal;
    minutes?: number;
    on?(event: RunEvent): void;
  } = {},
): Promise<{ events: RunEvent[]; attempts: Attempt[] }> {
  const { channel, store = memoryStore(), signal = new AbortController().signal, minutes, on } =
    options;
  const attempts: Attempt[] = [];
  const distribute: RunIO["distribute"] = channel &&
    ((opened, context) =>
      distributed(opened, context, {
        channel,
        onAttempt: ({ id }, outcome) => attempts.push({ trial: parseInt(id), outcome }),
      }));
  const events: RunEvent[] = [];
  for await (const event of search(config, { signal, store, distribute, minutes })) {
    events.push(event);
    on?.(event);
  }
  return { events, attempts };
}

type TrialEvent = Extract<RunEvent, { type: "trial" }>;

export const trialsOf = (events: readonly RunEvent[]): TrialEvent[] =>
  events.filter((event) => event.type === "trial");

/** Events without what depends on time. */
export const timeless = (events: readonly RunEvent[]): RunEvent[] =>
  events.filter(({ type }) => type !== "checkpoint").map((event) =>
    "seconds" in event ? { ...event, seconds: 0 } : event
  );
