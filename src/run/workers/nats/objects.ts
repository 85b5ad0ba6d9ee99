/**
 * Objects that workers write: checkpoints of jobs, and results that are too large for a message. They are in one
 * bucket of the server's object store, named by run and job, and deleted when the job has its result.
 */
import type { JetStreamManager } from "@nats-io/jetstream";
import { type ObjectStore, Objm } from "@nats-io/obj";
import { nanos, type NatsConnection } from "@nats-io/transport-node";
import { DataError } from "../../../common/errors.ts";
import { removeIfThere } from "../../files.ts";
import { LARGEST, type Outcome } from "../channel.ts";
import { checkpointFile } from "../checkpoints.ts";
import {
  contentOf,
  HEADERS,
  objectMeta,
  type ResultMessage,
  type ResultOutcome,
  RESULTS,
  WORK,
} from "./names.ts";
import { infoOf, repeated } from "./connect.ts";

/** Life of objects whose coordinator did not delete them, in ms. */
const TTL = 24 * 3600 * 1000;
/** Bytes of a message of an upload, each of which is acknowledged. */
export const CHUNK = 512 << 10;
/** Longest wait for the next bytes of a download, in ms: those of an object that was replaced never come. */
const STALL = 60_000;
/** Objects of a run that are known, so that a broken worker cannot fill the memory with names. */
const MOST = 20_000;

type Kind = "checkpoint" | "value";
const nameOf = (run: string, job: string, kind: Kind): string => `${run}.${job}.${kind}`;

/** Makes the bucket if it is missing. */
export const makeBucket = (nc: NatsConnection): Promise<ObjectStore> =>
  new Objm(nc).create(WORK, { ttl: nanos(TTL) });

/** The result of a job, and its number in the stream. */
export interface Received {
  id: string;
  outcome: ResultOutcome;
  seq: number;
}

/** The coordinator's side: reads results and deletes what is of no use any more. */
export class RunObjects {
  readonly #names = new Set<string>();

  private constructor(
    private readonly store: ObjectStore,
    private readonly run: string,
    private readonly jsm: JetStreamManager,
  ) {}

  static async open(nc: NatsConnection, run: string, jsm: JetStreamManager): Promise<RunObjects> {
    const store = await makeBucket(nc);
    const objects = new RunObjects(store, run, jsm);
    nc.subscribe(`$O.${WORK}.M.>`, {
      callback: (_error, message) => objects.#note(contentOf(objectMeta, message)),
    });
    for (const meta of await store.list()) objects.#note(meta);
    return objects;
  }

  #note(meta: { name: string; deleted: boolean } | null): void {
    if (!meta || meta.deleted || this.#names.size >= MOST) return;
    if (meta.name.startsWith(`${this.run}.`)) this.#names.add(meta.name);
  }

  /** The outcome of a result, with its value, which may be in the store; a job whose value is lost is lost. */
  async whole({ id, outcome: { ...outcome }, seq }: Received): Promise<Outcome> {
    if (outcome.status !== "done" || !outcome.stored) return outcome;
    try {
      return { ...outcome, value: await this.#value(id) };
    } catch (error) {
      // The result of another attempt would be refused beside this one.
      await repeated(() => this.jsm.streams.deleteMessage(RESULTS, seq)).catch(() => {});
      const { message: reason } = error as Error;
      return { status: "lost", reason, log: "", worker: outcome.worker };
    }
  }

  async #value(job: string): Promise<unknown> {
    const found = await repeated(() => this.store.get(nameOf(this.run, job, "value")));
    if (!found) throw new Error(`the result of job ${job} is in the store no more`);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for await (const part of arriving(found.data)) parts.push(part);
    return await new Response(new Blob(parts)).json();
  }

  /** Deletes the objects of a job. */
  forget(job: string): void {
    for (const kind of ["checkpoint", "value"] as const) {
      const name = nameOf(this.run, job, kind);
      if (!this.#names.delete(name)) continue;
      // An object that cannot be deleted ends by its time to live.
      repeated(() => this.store.delete(name)).catch(() => {});
    }
  }
}

interface Upload {
  /** Whether the file was written again meanwhile. */
  again: boolean;
  stop: AbortController;
  ended: Promise<void>;
}

/** A worker's side: carries checkpoints between a folder of its own and the store. */
export class WorkerObjects {
  readonly folder = Deno.makeTempDirSync({ prefix: "denas-work-" });
  #upload: Upload | undefined;

  private constructor(private readonly nc: NatsConnection, private readonly store: ObjectStore) {}

  static async open(nc: NatsConnection): Promise<WorkerObjects> {
    return new WorkerObjects(nc, await new Objm(nc).open(WORK, false));
  }

  /**
   * Fetches the checkpoint of a job where there is one.
   * @throws DataError where it does not arrive: the job then begins anew.
   */
  async fetch(run: string, job: string): Promise<void> {
    try {
      const name = nameOf(run, job, "checkpoint");
      await download(this.store, name, checkpointFile(this.folder, job));
    } catch (cause) {
      const { message } = cause as Error;
      throw new DataError(`the checkpoint of job ${job} does not arrive (${message})`, { cause });
    }
  }

  /** Uploads the checkpoint that the job's process wrote; what is written meanwhile follows. */
  offer(run: string, job: string): void {
    if (this.#upload) {
      this.#upload.again = true;
      return;
    }
    const upload: Upload = { again: false, stop: new AbortController(), ended: Promise.resolve() };
    this.#upload = upload;
    upload.ended = this.#put(nameOf(run, job, "checkpoint"), job, upload);
  }

  async #put(name: string, job: string, upload: Upload): Promise<void> {
    try {
      do {
        upload.again = false;
        using file = await Deno.open(checkpointFile(this.folder, job));
        const parts = ReadableStream.from(partsOf(file, upload.stop.signal));
        await this.store.put({ name, options: { max_chunk_size: CHUNK } }, parts);
      } while (upload.again);
    } catch {
      // It was given up, or the server is away: the next checkpoint is uploaded again.
    } finally {
      if (this.#upload === upload) this.#upload = undefined;
    }
  }

  /** Waits for the upload that is under way. */
  async finished(): Promise<void> {
    await this.#upload?.ended;
  }

  /** Ends a job. @param lost whether it goes to another worker: then its last checkpoint is uploaded first. */
  async end(job: string, lost: boolean): Promise<void> {
    if (!lost) this.#upload?.stop.abort(new DOMException("The job has its result", "AbortError"));
    await this.finished();
    removeIfThere(checkpointFile(this.folder, job));
  }

  /** The message of a result, with the value in the store where it is too large. @param most bytes of a result. */
  async sized(run: string, message: ResultMessage, most = LARGEST): Promise<ResultMessage> {
    const { outcome, id } = message;
    const { length } = new TextEncoder().encode(JSON.stringify(message));
    const { max_payload } = await infoOf(this.nc);
    if (outcome.status !== "done" || length <= max_payload - HEADERS) return message;
    if (length > most) {
      // Another attempt would give the same.
      const reason =
        `its result has ${length} bytes, expected at most ${most}; leave out --listen and --nats`;
      const { worker } = outcome;
      return { ...message, outcome: { status: "unfit", reason, log: "", worker } };
    }
    const meta = { name: nameOf(run, id, "value"), options: { max_chunk_size: CHUNK } };
    const bytes = new TextEncoder().encode(JSON.stringify(outcome.value));
    await repeated(() => this.store.putBlob(meta, bytes));
    return { ...message, outcome: { ...outcome, value: null, stored: true } };
  }

  close(): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/**
 * Writes an object to a file, whole or not at all.
 * @returns whether the object is there.
 * @throws Error where its bytes stop coming or are not those that were put; the signal's reason.
 */
export async function download(
  store: ObjectStore,
  name: string,
  file: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const beside = `${file}.part`;
  try {
    const found = await store.get(name);
    if (!found) return false;
    using target = await Deno.open(beside, { create: true, write: true, truncate: true });
    for await (const part of arriving(found.data)) {
      signal?.throwIfAborted();
      for (let done = 0; done < part.length;) done += await target.write(part.subarray(done));
    }
    await Deno.rename(beside, file);
    return true;
  } catch (error) {
    removeIfThere(beside);
    throw error;
  }
}

/** Parts of an object. @throws Error where they stop coming, or the whole has another digest. */
async function* arriving(
  data: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = data.getReader();
  const stalled = Promise.withResolvers<never>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      const late = () => stalled.reject(new Error(`no bytes for ${STALL / 1000} s`));
      timer = setTimeout(late, STALL);
      const { done, value } = await Promise.race([reader.read(), stalled.promise]);
      clearTimeout(timer);
      if (done) return;
      yield value as Uint8Array<ArrayBuffer>;
    }
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => {});
  }
}

/** Parts of a file, for an upload. */
export async function* partsOf(
  file: Deno.FsFile,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (;;) {
    signal?.throwIfAborted();
    const part = new Uint8Array(CHUNK);
    const n = await file.read(part);
    if (n === null) return;
    yield part.subarray(0, n);
  }
}
