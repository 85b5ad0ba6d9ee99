/**
 * Attachments of jobs in the object store: the coordinator puts each there once, beside the data sets, where workers
 * cannot write; a worker fetches it once and keeps it for the jobs that follow.
 */
import { basename, join } from "@std/path";
import { type ObjectStore, Objm } from "@nats-io/obj";
import type { NatsConnection } from "@nats-io/transport-node";
import { removeIfThere } from "../../files.ts";
import { repeated } from "./connect.ts";
import { FILES } from "./names.ts";
import { CHUNK, download, partsOf } from "./objects.ts";

const nameOf = (run: string, attachment: string): string => `${run}.${attachment}`;

const isThere = (path: string) => Deno.stat(path).then(() => true, () => false);

/** The coordinator's side. */
export class OfferedFiles {
  readonly #files = new Set<string>();

  constructor(private readonly nc: NatsConnection, private readonly run: string) {}

  async put(path: string): Promise<void> {
    this.#files.add(path);
    const store = await repeated(() => this.#store());
    const name = nameOf(this.run, basename(path));
    const known = await repeated(() => store.info(name));
    if (known && !known.deleted) return;
    await repeated(async () => {
      using file = await Deno.open(path);
      await store.put(
        { name, options: { max_chunk_size: CHUNK } },
        ReadableStream.from(partsOf(file)),
      );
    });
  }

  /** Puts the files again that jobs may still read, into a store that lost them. */
  async putAgain(): Promise<void> {
    for (const path of this.#files) {
      if (await isThere(path)) await this.put(path);
    }
  }

  /** Deletes the run's files, those of an earlier coordinator too. */
  async remove(): Promise<void> {
    if (this.#files.size === 0) return;
    const store = await this.#store();
    for (const { name } of await store.list()) {
      if (name.startsWith(`${this.run}.`)) await store.delete(name);
    }
  }

  #store(): Promise<ObjectStore> {
    return new Objm(this.nc).create(FILES);
  }
}

/** The worker's side: the newest attachment, in a folder. */
export class FetchedFile {
  #file: string | undefined;

  constructor(private readonly nc: NatsConnection, private readonly folder: string) {}

  /**
   * Fetches an attachment unless it is here.
   * @returns its bytes where it was fetched.
   * @throws the signal's reason; Error where it does not arrive.
   */
  async fetch(run: string, attachment: string, signal: AbortSignal): Promise<number | undefined> {
    const file = join(this.folder, attachment);
    if (this.#file === file) return undefined;
    if (this.#file !== undefined) removeIfThere(this.#file);
    const store = await new Objm(this.nc).open(FILES);
    if (!await download(store, nameOf(run, attachment), file, signal)) {
      throw new Error("the shared weights are not in the coordinator's store");
    }
    this.#file = file;
    return Deno.statSync(file).size;
  }
}
