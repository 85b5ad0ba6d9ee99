/** The jobs of a run in the server's work queue. */
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { UsageError } from "../../../common/errors.ts";
import type { Job } from "../channel.ts";
import { infoOf, repeated } from "./connect.ts";
import { CANCEL, HEADERS, type JobMessage, JOBS, type OpeningMessage, subjects } from "./names.ts";

export interface QueueOptions {
  nc: NatsConnection;
  /** Id of the run: the same after a restart of the coordinator. */
  run: string;
  opening: OpeningMessage;
}

export class JobQueue {
  constructor(
    private readonly options: QueueOptions,
    private readonly jsm: JetStreamManager,
    private readonly js: JetStreamClient,
  ) {}

  /** Puts in a job. @returns its number. @throws UsageError where it is too large for a message. */
  async put(job: Job, ticket: string): Promise<number> {
    const { nc, run, opening: { hash } } = this.options;
    const { id } = job;
    const message: JobMessage = { run, opening: hash, ticket, ...job };
    const bytes = new TextEncoder().encode(JSON.stringify(message));
    const most = (await infoOf(nc)).max_payload - HEADERS;
    if (bytes.length > most) {
      throw new UsageError(
        `Cannot hand out job ${id}: it has ${bytes.length} bytes, the server takes ${most}; raise max_payload in its ` +
          "configuration",
      );
    }
    const { seq } = await repeated(() =>
      this.js.publish(subjects.job(run, id, ticket), bytes, { msgID: `${run}.${id}.${ticket}` })
    );
    return seq;
  }

  /** Tells whoever is at a job that nobody waits for it. */
  cancel(id: string): void {
    const { nc, run } = this.options;
    if (!nc.isClosed()) nc.publish(subjects.cancel(run, id), CANCEL);
  }

  async remove(seq: number | undefined): Promise<void> {
    if (seq === undefined || this.options.nc.isClosed()) return;
    try {
      await this.jsm.streams.deleteMessage(JOBS, seq);
    } catch {
      // A worker has acknowledged it, or the server is away: its result is then ignored.
    }
  }

  /** Deletes jobs of an earlier coordinator: those that are still wanted are handed out anew. */
  async removeLeftovers(): Promise<void> {
    for (let seq = 1;;) {
      // The client's type lacks a field of the protocol.
      const request = { seq, next_by_subj: subjects.jobsOf(this.options.run) } as { seq: number };
      const found = await repeated(() => this.jsm.streams.getMessage(JOBS, request))
        .catch(() => null);
      if (!found) return;
      await this.remove(found.seq);
      seq = found.seq + 1;
    }
  }
}
