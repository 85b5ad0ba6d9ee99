/**
 * Channel over a NATS server: jobs wait in a work queue, workers of any machine take them, the first result of
 * a job wins. The coordinator's run folder is the truth: losing the server's store costs work in flight only.
 */
import { type ConsumerMessages, jetstream, type JetStreamClient } from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import type { Msg } from "@nats-io/transport-node";
import type { Channel, ChannelFigures, Job, Outcome, WorkerState } from "../channel.ts";
import { makeStreams } from "./streams.ts";
import { openJetStream, pause, repeated } from "./connect.ts";
import { JobQueue, type QueueOptions } from "./job_queue.ts";
import { Lease } from "./lease.ts";
import { aliveMessage, contentOf, resultMessage, RESULTS, RUNS, subjects } from "./names.ts";
import { OfferedFiles } from "./offered_files.ts";
import { makeBucket, type Received, RunObjects } from "./objects.ts";
import { Roster, type RosterOptions } from "./roster.ts";

/** Time that a job which fits no worker waits for a larger one, in ms. */
const PATIENCE = 60_000;
/** Interval of looking at the workers, in ms. */
const LOOK = 1000;

export interface CoordinatorOptions extends QueueOptions, RosterOptions {
  /** Time that a job which fits no worker waits for a larger one, in ms; default one minute. */
  patience?: number;
}

/** A job that is handed out. */
interface Handed {
  job: Job;
  ticket: string;
  seq?: number;
  /** Time since which no worker has the memory that it needs. */
  unfitSince?: number;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

export class NatsChannel implements Channel {
  readonly #handed = new Map<string, Handed>();
  /** Results of an earlier coordinator of this run. */
  readonly #earlier = new Map<string, Received>();
  readonly #roster: Roster;
  readonly #queue: JobQueue;
  readonly #offered: OfferedFiles;
  readonly #life = crypto.randomUUID().slice(0, 8);
  #messages: ConsumerMessages | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #lease: Lease | undefined;
  #objects: RunObjects | undefined;
  #tickets = 0;
  /** Sequence number of the last result that was read. */
  #read = 0;
  #done = 0;
  #lost = 0;
  #closed = false;
  #failure: { error: unknown } | undefined;

  private constructor(
    private readonly options: CoordinatorOptions,
    private readonly jsm: JetStreamManager,
    private readonly js: JetStreamClient,
  ) {
    this.#roster = new Roster(options);
    this.#queue = new JobQueue(options, jsm, js);
    this.#offered = new OfferedFiles(options.nc, options.run);
  }

  /** @throws UsageError for a server that cannot be used, or a run that another coordinator has. */
  static async open(options: CoordinatorOptions): Promise<NatsChannel> {
    const { nc } = options;
    const jsm = await openJetStream(nc);
    const channel = new NatsChannel(options, jsm, jetstream(nc));
    await channel.#begin();
    return channel;
  }

  async #begin(): Promise<void> {
    const { nc, run, opening } = this.options;
    await repeated(() => makeStreams(this.jsm));
    this.#lease = await Lease.take(nc, run, (error) => this.#fail(error));
    await this.#queue.removeLeftovers();
    this.#objects = await repeated(() => RunObjects.open(nc, run, this.jsm));
    await repeated(() => this.js.publish(subjects.run(run), JSON.stringify(opening)));
    nc.subscribe(subjects.alive("*"), { callback: (_error, msg) => this.#hear(msg) });
    nc.publish(subjects.hello);
    await new Promise<void>((ready) => this.#follow(ready));
    this.#watchConnection();
    this.#timer = setInterval(() => this.#look(), LOOK);
  }

  capacity(): number {
    return this.#roster.takers().length;
  }

  async run(job: Job, signal: AbortSignal): Promise<Outcome> {
    signal.throwIfAborted();
    if (this.#failure) throw this.#failure.error;
    const earlier = this.#earlier.get(job.id);
    if (earlier) {
      this.#earlier.delete(job.id);
      return await this.#objects!.whole(earlier);
    }
    const ticket = `${this.#life}-${++this.#tickets}`;
    const outcome = new Promise<Outcome>((resolve, reject) => {
      const cancel = () => {
        this.#withdraw(job.id);
        reject(signal.reason);
      };
      const settled = () => signal.removeEventListener("abort", cancel);
      signal.addEventListener("abort", cancel, { once: true });
      this.#handed.set(job.id, {
        job,
        ticket,
        resolve: (outcome) => (settled(), resolve(outcome)),
        reject: (error) => (settled(), reject(error)),
      });
    });
    this.#publish(job, ticket).catch((error) => this.#fail(error));
    return await outcome;
  }

  async attach(file: string): Promise<void> {
    await this.#offered.put(file);
  }

  workers(): WorkerState[] {
    return this.#roster.states();
  }

  figures(): ChannelFigures {
    const busy = this.#roster.jobs().filter((job) => this.#handed.has(job));
    return { queued: this.#handed.size - busy.length, done: this.#done, lost: this.#lost };
  }

  forget(job: string): void {
    this.#objects?.forget(job);
  }

  drain(worker: string): void {
    this.options.nc.publish(subjects.control(worker), "drain");
  }

  stop(worker: string): void {
    this.options.nc.publish(subjects.control(worker), "stop");
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#messages?.stop();
    for (const id of [...this.#handed.keys()]) this.#withdraw(id);
    const { nc } = this.options;
    if (!nc.isClosed()) {
      this.#queue.cancel("all");
      // Without a server there is nothing to give back.
      await Promise.race([this.#offered.remove().catch(() => {}), pause(2000)]);
      await Promise.race([this.#lease?.release(), pause(2000)]);
      await Promise.race([nc.close(), pause(2000)]);
    }
  }

  async #publish(job: Job, ticket: string): Promise<void> {
    const seq = await this.#queue.put(job, ticket);
    const handed = this.#handed.get(job.id);
    if (handed?.ticket === ticket) handed.seq = seq;
    else await this.#queue.remove(seq); // Cancelled meanwhile.
  }

  /** Takes a job back: nobody waits for it any more. */
  #withdraw(id: string): void {
    const handed = this.#handed.get(id);
    this.#handed.delete(id);
    this.#queue.cancel(id);
    this.#queue.remove(handed?.seq);
  }

  /** Reads results, those of an earlier coordinator first. @param ready called when those are read. */
  async #follow(ready: () => void): Promise<void> {
    while (!this.#closed) {
      try {
        const consumer = await this.js.consumers.get(RESULTS, {
          filter_subjects: subjects.resultsOf(this.options.run),
          ...this.#read > 0 &&
            { deliver_policy: "by_start_sequence", opt_start_seq: this.#read + 1 },
        });
        const { num_pending } = await consumer.info();
        if (num_pending === 0) ready();
        this.#messages = await consumer.consume();
        for await (const message of this.#messages) {
          await this.#take(message);
          this.#read = message.seq;
          if (message.info.pending === 0) ready();
        }
      } catch {
        // The server is away, or has lost its store, which `#restore` makes anew.
      }
      await pause(300);
    }
  }

  async #take(message: { seq: number; string(): string }): Promise<void> {
    const result = contentOf(resultMessage, message);
    if (!result) return; // Another program published it.
    const { id, ticket } = result;
    const received = { id, outcome: result.outcome, seq: message.seq };
    if (received.outcome.status === "done" && !this.#handed.has(id)) {
      this.#earlier.set(id, received);
      return;
    }
    const outcome = await this.#objects!.whole(received);
    const handed = this.#handed.get(id);
    if (!handed) return; // Cancelled meanwhile.
    if (outcome.status === "done") {
      this.#handed.delete(id);
      // The job was done by an earlier holder; the present one may stop.
      if (handed.ticket !== ticket) {
        this.#queue.cancel(id);
        this.#queue.remove(handed.seq);
      }
      this.#done++;
      handed.resolve(outcome);
    } else if (handed.ticket === ticket) this.#loseJob(handed, outcome);
  }

  #loseJob(handed: Handed, outcome: Outcome): void {
    this.#handed.delete(handed.job.id);
    this.#queue.remove(handed.seq);
    if (outcome.status === "lost") this.#lost++;
    handed.resolve(outcome);
  }

  #hear(message: Msg): void {
    const alive = contentOf(aliveMessage, message);
    if (!alive) return;
    const { run, job, ticket } = alive;
    this.#roster.hear(alive);
    // A cancel that was lost on the way is repeated.
    if (run === this.options.run && job !== undefined && this.#handed.get(job)?.ticket !== ticket) {
      this.#queue.cancel(job);
    }
  }

  /** Jobs of workers that are silent for too long are lost; those that fit no worker are given back. */
  #look(): void {
    for (const { worker, reason } of this.#roster.fallenSilent()) {
      const handed = worker.run === this.options.run && this.#handed.get(worker.job ?? "");
      if (!handed || handed.ticket !== worker.ticket) continue;
      this.#loseJob(handed, { status: "lost", reason, log: "", worker: worker.id });
    }
    const { patience = PATIENCE } = this.options;
    const now = performance.now();
    for (const handed of this.#handed.values()) {
      const reason = this.#roster.unfit(handed.job.needs);
      if (reason === undefined) handed.unfitSince = undefined;
      else if (now - (handed.unfitSince ??= now) >= patience) {
        this.#loseJob(handed, { status: "unfit", reason, log: "", worker: "" });
      }
    }
  }

  /** While the server is away nobody can be heard. */
  async #watchConnection(): Promise<void> {
    for await (const { type } of this.options.nc.status()) {
      if (type !== "reconnect") continue;
      this.#roster.waitAnew();
      this.options.nc.publish(subjects.hello);
      // A server that lost its store knows none of this.
      await this.#restore().catch((error) => this.#fail(error));
      // The server has forgotten who reads.
      this.#messages?.stop();
    }
  }

  async #restore(): Promise<void> {
    const known = await repeated(() => this.jsm.streams.info(RUNS)).then(() => true, () => false);
    if (known) return;
    this.#read = 0;
    await repeated(() => makeStreams(this.jsm));
    await repeated(() => makeBucket(this.options.nc));
    const { run, opening } = this.options;
    await repeated(() => this.js.publish(subjects.run(run), JSON.stringify(opening)));
    await this.#offered.putAgain();
    for (const { job, ticket } of this.#handed.values()) await this.#publish(job, ticket);
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#failure ??= { error };
    for (const { reject } of this.#handed.values()) reject(error);
    this.#handed.clear();
  }
}
