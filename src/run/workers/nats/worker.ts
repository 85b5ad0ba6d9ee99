/**
 * A worker on any machine: takes one job at a time from the server's work queue and runs it in a child process
 * of its own. This process only supervises: its heartbeat goes on however long a training step blocks.
 */
import { type Consumer, jetstream, type JetStreamClient, type JsMsg } from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import type { Channel, Outcome } from "../channel.ts";
import { ProcessChannel } from "../processes.ts";
import { codeOf, openJetStream, pause, repeated } from "./connect.ts";
import { type Here, localOpening, Refusal } from "./local_opening.ts";
import {
  type AliveMessage,
  CANCEL,
  CONSUMER,
  contentOf,
  type JobMessage,
  jobMessage,
  JOBS,
  openingMessage,
  RUNS,
  subjects,
} from "./names.ts";
import { WorkerObjects } from "./objects.ts";
import { FetchedFile } from "./offered_files.ts";

/** Interval of signs of life, and of telling the server that a job still runs, in ms. */
const BEAT = 5000;
/** Interval of looking for changes of the child, which are told at once, in ms. */
const LOOK = 250;
/** Time that one request for a job waits, and the pause after a job that cannot be taken, in ms. */
const WAIT = 5000, REFUSED = 2000;
/** There is a result already. */
const NOT_FIRST = 10071, SUBJECT_FULL = 10077;

export interface WorkerOptions extends Here {
  /** Unique name; a letter, digits, hyphens. */
  id: string;
  host: string;
  /** Bytes of device memory that a job may take; absent where that is not known. */
  memory?: number;
  report(note: string): void;
}

export class NatsWorker {
  readonly #cancelled = new AbortController();
  readonly #fetched: FetchedFile;
  readonly #ending = Promise.withResolvers<null>();
  #channel: Channel | undefined;
  #opened: string | undefined;
  #state: "idle" | "busy" | "draining" | "ended" = "idle";
  #job: { message: JobMessage; stop: AbortController } | undefined;
  #refuses: AliveMessage["refuses"];
  #done = 0;
  #told = "";
  #toldAt = 0;
  #acknowledged: Promise<void> = Promise.resolve();

  private constructor(
    private readonly options: WorkerOptions,
    private readonly js: JetStreamClient,
    private readonly jsm: JetStreamManager,
    private readonly objects: WorkerObjects,
  ) {
    this.#fetched = new FetchedFile(options.nc, objects.folder);
  }

  static async open(options: WorkerOptions): Promise<NatsWorker> {
    const jsm = await openJetStream(options.nc);
    const worker = new NatsWorker(
      options,
      jetstream(options.nc),
      jsm,
      await WorkerObjects.open(options.nc),
    );
    worker.#listen();
    return worker;
  }

  /** Takes jobs until it is drained or stopped. */
  async serve(): Promise<void> {
    const beat = setInterval(() => {
      const now = performance.now();
      if (this.#text() !== this.#told || now - this.#toldAt > BEAT) this.#tell();
    }, LOOK);
    this.#tell();
    let consumer: Consumer | undefined;
    let told = false;
    try {
      while (this.#isTaking()) {
        try {
          consumer ??= await this.js.consumers.get(JOBS, CONSUMER);
          told = false;
          const message = await this.#next(consumer);
          if (message && this.#isTaking()) await this.#take(message);
          else message?.nak();
        } catch (error) {
          if (this.#cancelled.signal.aborted) break;
          consumer = undefined;
          if (!told) this.options.report(`waiting for a coordinator (${(error as Error).message})`);
          told = true;
          await pause(1000);
        }
      }
    } finally {
      clearInterval(beat);
      this.#state = "ended";
      await this.#channel?.close();
      await this.#acknowledged;
      this.objects.close();
      this.#tell();
    }
  }

  /** The next job; null where there is none for a while, or none is wanted any more. */
  async #next(consumer: Consumer): Promise<JsMsg | null> {
    const asked = consumer.next({ expires: WAIT });
    const found = await Promise.race([asked, this.#ending.promise]);
    // Jobs from now on go to other workers.
    if (found === null) asked.then((late) => late?.nak(), () => {});
    return found;
  }

  /** Finishes the job and takes no other one. */
  drain(): void {
    if (this.#state !== "ended") this.#state = "draining";
    this.#ending.resolve(null);
    this.#tell();
  }

  /** Ends at once; the job goes to another worker. */
  stop(): void {
    if (this.#state !== "ended") this.#state = "draining";
    this.#ending.resolve(null);
    this.#cancelled.abort();
    this.#job?.stop.abort(new Refusal("it was stopped"));
  }

  #listen(): void {
    const { nc, id } = this.options;
    nc.subscribe(subjects.hello, { callback: () => this.#tell() });
    nc.subscribe(subjects.control(id), {
      callback: (_error, message) => {
        const action = message.string();
        if (action === "stop") this.stop();
        else if (action === "drain") this.drain();
      },
    });
    nc.subscribe(subjects.cancel("*", "*"), {
      callback: (_error, message) => {
        if (message.string() !== CANCEL) return;
        const [, , run, job] = message.subject.split(".");
        const mine = this.#job?.message;
        if (mine?.run === run && (job === "all" || mine.id === job)) {
          this.#job!.stop.abort(new DOMException("The job was cancelled", "AbortError"));
        }
      },
    });
  }

  #isTaking(): boolean {
    return this.#state === "idle" || this.#state === "busy";
  }

  #tell(): void {
    const { nc, id } = this.options;
    if (nc.isClosed()) return;
    this.#told = this.#text();
    this.#toldAt = performance.now();
    nc.publish(subjects.alive(id), this.#told);
  }

  /** Contents of a worker's sign of life. */
  #text(): string {
    const { id, host } = this.options;
    const [child] = this.#channel?.workers() ?? [];
    const { run, id: job, ticket } = this.#job?.message ?? {};
    const message: AliveMessage = {
      ...{ id, host, state: this.#state, done: this.#done, run, job, ticket },
      ...{ pid: child?.pid, adapter: child?.adapter, driver: child?.driver },
      memory: this.options.memory,
      refuses: this.#refuses,
    };
    return JSON.stringify(message);
  }

  async #take(received: JsMsg): Promise<void> {
    const message = contentOf(jobMessage, received);
    if (!message) return received.term();
    const { memory = Infinity } = this.options;
    // A larger worker may take it meanwhile; this one goes on with others.
    if ((message.needs ?? 0) > memory) return received.nak(REFUSED);
    const stop = new AbortController();
    this.#job = { message, stop };
    if (this.#state === "idle") this.#state = "busy";
    this.#tell();
    const working = setInterval(() => received.working(), BEAT);
    try {
      const outcome = await this.#run(message, stop.signal);
      if (outcome) await this.#publish(message, outcome);
      // The next job is taken meanwhile. One whose acknowledgement is lost has its result and is not told again.
      this.#acknowledged = received.ackAck().then(() => {}, () => {});
    } catch (error) {
      received.nak(REFUSED);
      await this.#refuse(message.run, (error as Error).message);
    } finally {
      clearInterval(working);
      this.#job = undefined;
      if (this.#state === "busy") this.#state = "idle";
      this.#tell();
    }
  }

  /** @returns undefined where the job was cancelled. @throws Refusal, or why the work cannot be opened. */
  async #run(message: JobMessage, signal: AbortSignal): Promise<Outcome | undefined> {
    const { run, opening, id, attempt, payload, attachment } = message;
    if (this.#opened !== `${run} ${opening}`) {
      const request = { last_by_subj: subjects.run(run) };
      const found = await repeated(() => this.jsm.streams.getMessage(RUNS, request));
      const message = openingMessage.parse(found!.json());
      if (message.hash !== opening) return undefined; // Of an earlier coordinator.
      await this.#channel?.close();
      const local = await localOpening(message, this.options, this.objects.folder);
      this.#channel = new ProcessChannel(local, 1, (job) => this.#saved(job));
      this.#opened = `${run} ${opening}`;
      this.#refuses = undefined;
    }
    await this.objects.fetch(run, id).catch(({ message }) => {
      this.options.report(`${message}: it begins anew`);
    });
    let lost = false;
    try {
      if (attachment !== undefined) await this.#fetch(run, attachment, signal);
      const job = { id, attempt, payload, attachment };
      const outcome = await this.#channel!.run(job, signal);
      if (outcome.status === "done") this.#done++;
      else lost = true;
      return { ...outcome, worker: this.options.id };
    } catch (error) {
      lost = true;
      if (signal.aborted) {
        if (!(signal.reason instanceof Refusal)) return undefined;
        const { message: reason } = signal.reason;
        return { status: "lost", reason, log: "", worker: this.options.id };
      }
      this.#opened = undefined;
      throw error;
    } finally {
      await this.objects.end(id, lost);
    }
  }

  async #fetch(run: string, attachment: string, signal: AbortSignal): Promise<void> {
    const bytes = await this.#fetched.fetch(run, attachment, signal);
    if (bytes === undefined) return;
    const megabytes = Number((bytes / 1e6).toPrecision(3));
    this.options.report(`fetched ${megabytes} MB of weights of ${run}`);
  }

  #saved(job: string): void {
    const { message } = this.#job ?? {};
    if (message?.id === job) this.objects.offer(message.run, job);
  }

  async #refuse(run: string, reason: string): Promise<void> {
    if (this.#cancelled.signal.aborted) return;
    if (this.#refuses?.reason !== reason) this.options.report(`no jobs of ${run}: ${reason}`);
    this.#refuses = { run, reason };
    this.#tell();
    // Others may take the job meanwhile.
    await pause(REFUSED);
  }

  /** Publishes a result, unless there is one already. */
  async #publish({ run, id, ticket }: JobMessage, outcome: Outcome): Promise<void> {
    const message = await this.objects.sized(run, { id, ticket, outcome });
    const subject = message.outcome.status === "done"
      ? subjects.result(run, id)
      : subjects.lost(run, id, ticket);
    const text = JSON.stringify(message);
    try {
      await repeated(() =>
        this.js.publish(subject, text, {
          msgID: `${run}.${id}.${ticket}`,
          expect: { lastSubjectSequence: 0 },
        })
      );
    } catch (error) {
      const code = codeOf(error);
      if (code !== NOT_FIRST && code !== SUBJECT_FULL) throw error;
    }
  }
}
