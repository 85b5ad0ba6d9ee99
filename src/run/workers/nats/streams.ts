/** The streams of the server, and the consumer that all workers share. */
import type { JetStreamManager } from "@nats-io/jetstream";
import { CONSUMER, JOBS, RESULTS, RUNS } from "./names.ts";

const second = 1e9;

/** Makes the streams that are missing. */
export async function makeStreams(jsm: JetStreamManager): Promise<void> {
  const common = { storage: "file" as const, duplicate_window: 120 * second };
  await ensure(jsm, {
    ...common,
    name: JOBS,
    subjects: ["denas.job.>"],
    retention: "workqueue",
    discard: "new",
    discard_new_per_subject: true,
    max_msgs_per_subject: 1,
  });
  await ensure(jsm, {
    ...common,
    name: RESULTS,
    subjects: ["denas.result.>"],
    retention: "limits",
    discard: "new",
    discard_new_per_subject: true,
    max_msgs_per_subject: 1,
    max_age: 24 * 3600 * second,
  });
  await ensure(jsm, {
    ...common,
    name: RUNS,
    subjects: ["denas.run.*"],
    retention: "limits",
    discard: "old",
    max_msgs_per_subject: 1,
  });
  await jsm.consumers.add(JOBS, {
    durable_name: CONSUMER,
    ack_policy: "explicit",
    ack_wait: 30 * second,
    max_deliver: -1,
    max_ack_pending: 20_000,
    max_waiting: 8192,
    filter_subject: "denas.job.>",
  });
}

type StreamSettings = Parameters<JetStreamManager["streams"]["add"]>[0];

async function ensure(jsm: JetStreamManager, settings: StreamSettings): Promise<void> {
  try {
    await jsm.streams.info(settings.name);
  } catch {
    await jsm.streams.add(settings);
  }
}
