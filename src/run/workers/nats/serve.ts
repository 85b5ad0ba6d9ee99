/** Several workers of this machine on one connection. */
import type { FindOptions } from "../../../data/mod.ts";
import { type Access, connect, pause } from "./connect.ts";
import { token } from "./names.ts";
import { pluginHash, version } from "./opening.ts";
import { NatsWorker } from "./worker.ts";

export interface Serving {
  /** Ends when all workers were drained or stopped. */
  ended: Promise<void>;
  /** Finishes what runs. */
  drain(): void;
  /** Ends at once; what runs goes to other workers. */
  stop(): Promise<void>;
}

export interface ServeOptions {
  access: Access;
  /** Trials at the same time. */
  workers: number;
  /** Bytes of device memory that one of them may take. */
  memory?: number;
  plugins: readonly string[];
  find: Pick<FindOptions, "cacheDir" | "dataDir" | "packageDirs">;
  report(note: string): void;
}

/** Connects and starts the workers. @throws UsageError where the server cannot be used. */
export async function serveWorkers(options: ServeOptions): Promise<Serving> {
  const { access, workers: count, memory, plugins, find, report } = options;
  const nc = await connect(access, "worker");
  const host = Deno.hostname();
  const common = {
    ...{ nc, host, version, memory, find, report },
    plugins: new Map(plugins.map((file) => [pluginHash(file), file])),
  };
  const name = `${token(host)}-${Deno.pid}-${crypto.randomUUID().slice(0, 4)}`;
  const workers = await Promise.all(
    Array.from({ length: count }, (_, i) => NatsWorker.open({ ...common, id: `${name}-${i + 1}` })),
  );
  const ended = Promise.all(workers.map((worker) => worker.serve())).then(async () => {
    await Promise.race([nc.close(), pause(2000)]);
  });
  return {
    ended,
    drain() {
      for (const worker of workers) worker.drain();
    },
    async stop() {
      for (const worker of workers) worker.stop();
      await Promise.race([ended, pause(7000)]);
    },
  };
}
