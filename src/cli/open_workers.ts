/** Opens the workers that a command asks for: processes of this machine, or those of a NATS server. */
import { basename, join } from "@std/path";
import { UsageError } from "../common/errors.ts";
import { sha256 } from "../common/sha256.ts";
import type { Tuned } from "../gpu/tuning.ts";
import type { SearchConfig } from "../nas/config/config.ts";
import { evaluators } from "../nas/registry.ts";
import type { RunIO } from "../nas/search/search.ts";
import { CHECKPOINTS } from "../run/checkpoint.ts";
import { loadedPlugins } from "../run/plugins.ts";
import { type Jobs, runAll } from "../run/workers/attempts.ts";
import type { Channel, Opening, OpenWorkers } from "../run/workers/channel.ts";
import { CHECKPOINT_SECONDS } from "../run/workers/checkpoints.ts";
import { candidateCount, candidatesDistributed, sharesWeights } from "../run/workers/candidates.ts";
import { distributed } from "../run/workers/distribute.ts";
import { Journal } from "../run/workers/journal.ts";
import { requireNoPassword } from "../run/workers/nats/address.ts";
import type { NatsServer } from "../run/workers/nats/server.ts";
import { ProcessChannel } from "../run/workers/processes.ts";
import { fromHere, places, quoteWord, shortPath } from "./paths.ts";
import type { Progress } from "./progress.ts";
import {
  hostAndPort,
  readSecret,
  requirePrograms,
  takesOthers,
  wantsWorkers,
  type WorkerOptions,
} from "./workers.ts";

/** Work for workers. */
export interface WorkersOf {
  opening: Opening;
  /** Name of the data set that the jobs read; workers of other machines may lack it. */
  data?: string;
  /** Folder for the record of the workers and the server's files. */
  folder: string;
  /** Tells this work from earlier ones of the folder. */
  started: string;
  progress: Progress;
}

/** Places of this machine's files, as the value of an opening has them. */
export const findIn = (dataDir: string | undefined) => ({
  ...places(),
  dataDir: dataDir === undefined ? undefined : fromHere(dataDir),
});

/** Checkpoints of a run's jobs. */
export const checkpointsOf = (run: string, { checkpointSeconds }: WorkerOptions) => ({
  folder: join(run, CHECKPOINTS, "trials"),
  seconds: checkpointSeconds ?? CHECKPOINT_SECONDS,
});

/**
 * Opens the workers that the options ask for.
 * @throws UsageError where this process may not start programs, or a server cannot be used.
 */
export async function openWorkers(options: WorkerOptions, of: WorkersOf): Promise<OpenWorkers> {
  const { folder, opening, progress } = of;
  await requireRights(options);
  const { channel, close } = takesOthers(options)
    ? await remoteWorkers(options, of)
    : localWorkers(opening, options.workers!, progress);
  const journal = new Journal(folder, channel, (adapters) => {
    progress.line(
      `note     results come from ${adapters.join(" and ")}: they may differ in the last bits`,
    );
  });
  return {
    channel,
    onAttempt: (job, outcome) => journal.add(job, outcome),
    async close() {
      await close();
      journal.close();
    },
  };
}

/** @throws UsageError where the workers need programs that this process may not start. */
async function requireRights({ nats, workers }: WorkerOptions): Promise<void> {
  if (!nats || workers) await requirePrograms();
}

/** Jobs of a command that ends with the first one that cannot be done. */
export interface JobsOf<P, V> extends Pick<Jobs<P, V>, "payloads" | "schema"> {
  /** The work on a payload in words, for the error: "train 0 1 2". */
  doing(payload: P): string;
  /** Called with the number of jobs that can run at the same time, as workers come and go. */
  onCapacity?(workers: number): void;
}

/**
 * Opens the workers that the options ask for, runs jobs on them, and yields each value as it arrives.
 * @throws as `openWorkers`; Error where all attempts of a job were lost.
 */
export async function* valuesOnWorkers<P, V>(
  options: WorkerOptions,
  of: WorkersOf,
  { payloads, schema, doing, onCapacity }: JobsOf<P, V>,
  signal: AbortSignal,
): AsyncGenerator<V> {
  if (payloads.length === 0) return;
  const { channel, onAttempt, close } = await openWorkers(options, of);
  try {
    for await (
      const { payload, found } of runAll({ channel, payloads, schema, onAttempt }, signal)
    ) {
      if ("lost" in found) throw new Error(`Cannot ${doing(payload)}: ${found.lost}`);
      onCapacity?.(channel.capacity());
      yield found.value;
    }
  } finally {
    await close();
  }
}

/** The run whose trials workers evaluate. */
export interface TrialsOf {
  /** Folder of the run, and when it was started. */
  run: string;
  started: string;
  config: SearchConfig;
  tuning: Tuned;
  dataDir?: string;
  progress: Progress;
}

/** Opens the workers of a search; undefined where it asks for none. @throws as `openWorkers`. */
export async function openTrialWorkers(
  options: WorkerOptions,
  { run, started, config, tuning, dataDir, progress }: TrialsOf,
): Promise<{ distribute: NonNullable<RunIO["distribute"]>; close(): Promise<void> } | undefined> {
  if (!wantsWorkers(options)) return undefined;
  const attachments = join(run, CHECKPOINTS, "attachments");
  const opening: Opening = {
    kind: "evaluate",
    plugins: config.plugins,
    value: { config, tuning, find: findIn(dataDir) },
    checkpoints: checkpointsOf(run, options),
    attachments,
  };
  const data = evaluators.get(config.evaluator.kind).needsDevice ? config.data : undefined;
  let workers: Promise<OpenWorkers> | undefined;
  const open = () =>
    workers ??= openWorkers(options, { folder: run, started, progress, opening, data });
  const close = async () => await (await workers)?.close();
  if (!sharesWeights(config)) {
    const opened = await open();
    return { distribute: (evaluator, context) => distributed(evaluator, context, opened), close };
  }
  await requireRights(options);
  progress.line(
    "note     shared weights and strategy are trained in this process; workers score the " +
      `final candidates (at most ${candidateCount(config)})`,
  );
  // Processes of this machine would hold memory while the weights are trained; other machines need the address.
  if (takesOthers(options)) await open();
  const on = { open, attachments };
  return {
    distribute: (evaluator, context) => candidatesDistributed(evaluator, context, on),
    close,
  };
}

interface OpenChannel {
  channel: Channel;
  close(): Promise<void>;
}

function localWorkers(opening: Opening, workers: number, progress: Progress): OpenChannel {
  progress.line(`workers  ${workers} on this machine`);
  const channel = new ProcessChannel(opening, workers);
  return { channel, close: () => channel.close() };
}

/** Opens the channel over NATS, with a server of its own where none is named. */
async function remoteWorkers(
  options: WorkerOptions,
  { opening, data, folder, started, progress }: WorkersOf,
): Promise<OpenChannel> {
  if (options.nats !== undefined) requireNoPassword(options.nats);
  const [{ NatsChannel }, { connect }, { portableOpening }, { token }, { offerDataset }] =
    await Promise.all([
      import("../run/workers/nats/coordinator.ts"),
      import("../run/workers/nats/connect.ts"),
      import("../run/workers/nats/opening.ts"),
      import("../run/workers/nats/names.ts"),
      import("../run/workers/nats/dataset.ts"),
    ]);
  const report = (note: string) => progress.line(`note     ${note}`);
  const server = options.nats === undefined ? await ownServer(folder, options, report) : undefined;
  const url = server?.url ?? options.nats!;
  const ca = options.ca ?? options.listenCert;
  const access = {
    url: server ? reachable(url) : url,
    secret: server?.secret ?? readSecret(options.workerToken),
    ca: ca && fromHere(ca),
  };
  const id = `${token(basename(folder))}-${sha256(`${folder} ${started}`).slice(0, 8)}`;
  const nc = await connect(access, "coordinator");
  const { find } = opening.value as { find: ReturnType<typeof findIn> };
  const dataset = data === undefined ? undefined : await offerDataset(nc, data, find);
  const portable = portableOpening(opening, dataset);
  const channel = await NatsChannel.open({ nc, run: id, opening: portable, report });
  const file = server ? shortPath(server.tokenFile) : "FILE";
  progress.line(`workers  on each machine: denas work ${url} --token-file ${quoteWord(file)}`);
  const own = server && options.workers ? await ownWorkers(server, options, report) : undefined;
  return {
    channel,
    async close() {
      await own?.();
      await channel.close();
      await server?.stop();
    },
  };
}

async function ownServer(
  folder: string,
  { listen, listenCert, listenKey, listenSecrets }: WorkerOptions,
  report: (note: string) => void,
): Promise<NatsServer> {
  const { startServer } = await import("../run/workers/nats/server.ts");
  if ((listenCert === undefined) !== (listenKey === undefined)) {
    throw new UsageError("Cannot speak TLS: expected both --listen-cert and --listen-key");
  }
  const at = hostAndPort(listen === true ? "0" : listen!);
  const path = Deno.env.get("PATH");
  const tls = listenCert === undefined
    ? undefined
    : { cert: fromHere(listenCert), key: fromHere(listenKey!) };
  const secrets = listenSecrets === undefined ? undefined : secretsIn(listenSecrets);
  return await startServer({ folder: join(folder, "nats"), ...at, path, tls, secrets, report });
}

/** Passwords made before the run, such as those of a mounted secret. */
function secretsIn(folder: string): { worker: string; coordinator: string } {
  const [worker, coordinator] = ["worker", "coordinator"].map((user) => {
    const text = readSecret(join(folder, user))!;
    if (new RegExp(`^${user}:[\\w-]{16,}$`).test(text)) return text.slice(user.length + 1);
    throw new UsageError(
      `Cannot use ${
        join(folder, user)
      }: expected ${user}:PASSWORD of 16 letters and digits or more`,
    );
  });
  return { worker, coordinator };
}

/** The address under which this machine reaches its own server. */
const reachable = (url: string): string => url.replace("//0.0.0.0:", "//127.0.0.1:");

/** Workers of this machine beside those of others. */
async function ownWorkers(
  server: NatsServer,
  { workers, ca, listenCert }: WorkerOptions,
  report: (note: string) => void,
): Promise<() => Promise<void>> {
  const { serveWorkers } = await import("../run/workers/nats/serve.ts");
  const trusted = ca ?? listenCert;
  const serving = await serveWorkers({
    access: {
      url: reachable(server.url),
      secret: readSecret(server.tokenFile),
      ca: trusted && fromHere(trusted),
    },
    workers: workers!,
    plugins: loadedPlugins(),
    find: places(),
    report,
  });
  return () => serving.stop();
}
