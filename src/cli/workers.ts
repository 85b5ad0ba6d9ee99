/** Workers of a search: the options that ask for them, and how they are opened for a run. */
import { type Command, InvalidArgumentError } from "commander";
import { basename, join } from "@std/path";
import { UsageError } from "../common/errors.ts";
import { sha256 } from "../common/sha256.ts";
import type { Tuned } from "../gpu/tuning.ts";
import type { SearchConfig } from "../nas/config/config.ts";
import { limits } from "../nas/config/limits.ts";
import { evaluators } from "../nas/registry.ts";
import type { RunIO } from "../nas/search/search.ts";
import { loadedPlugins } from "../run/plugins.ts";
import type { Channel, Opening } from "../run/workers/channel.ts";
import type { EvaluateOpening } from "../run/workers/evaluate.ts";
import { distributed } from "../run/workers/distribute.ts";
import { Journal } from "../run/workers/journal.ts";
import { requireNoPassword } from "../run/workers/nats/address.ts";
import type { NatsServer } from "../run/workers/nats/server.ts";
import { ProcessChannel } from "../run/workers/processes.ts";
import { numberAbove0, sizeUpTo } from "./option_values.ts";
import { commandName, fromHere, places, quoteWord, shortPath } from "./paths.ts";
import type { Progress } from "./progress.ts";

export interface WorkerOptions {
  minutes?: number;
  workers?: number;
  listen?: string | true;
  nats?: string;
  workerToken?: string;
  ca?: string;
  listenCert?: string;
  listenKey?: string;
  listenSecrets?: string;
}

export function addWorkerOptions(command: Command): Command {
  return command.option(
    "--minutes <n>",
    "ask for no more trials after so many minutes; those that run are finished",
    numberAbove0,
  ).option(
    "--workers <n>",
    "evaluate trials in so many processes of this machine (--evaluator train, or a table)",
    sizeUpTo(limits.jobs),
  )
    .option(
      "--listen [address:port]",
      "take workers of other machines, over a NATS server of the run's own; loopback by default",
      address,
    )
    .option(
      "--nats <url>",
      "take workers over a NATS server that is there: nats://host:port, tls://…",
    )
    .option(
      "--worker-token <file>",
      "with --nats: the coordinator's user:password, token or nkey seed",
    )
    .option("--ca <file>", "with --nats tls://…: certificates of the server's authority")
    .option("--listen-cert <file>", "with --listen: certificate chain (PEM), for TLS")
    .option("--listen-key <file>", "with --listen: private key of the certificate (PEM)")
    .option(
      "--listen-secrets <folder>",
      "with --listen: take the passwords from its files worker and coordinator (user:password)",
    );
}

function address(text: string): string {
  hostAndPort(text);
  return text;
}

function hostAndPort(text: string): { host: string; port: number } {
  const match = /^(?:(\[[\da-f:]+\]|[\w.-]+):)?(\d{1,5})$/i.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65535) throw new InvalidArgumentError("address:port, such as 0.0.0.0:4222");
  return { host: (match[1] ?? "127.0.0.1").replace(/^\[|\]$/g, ""), port };
}

/** Whether a search asks for workers. */
export const wantsWorkers = ({ workers, listen, nats }: WorkerOptions): boolean =>
  workers !== undefined || listen !== undefined || nats !== undefined;

/** The options that ask for workers, with full paths, to be kept for a resume. */
export function workersOf(options: WorkerOptions): WorkerOptions | undefined {
  if (!wantsWorkers(options)) return undefined;
  const { workers, listen, nats } = options;
  if (nats !== undefined) requireNoPassword(nats);
  const full = (path: string | undefined) => path && fromHere(path);
  const [workerToken, ca] = [full(options.workerToken), full(options.ca)];
  const [listenCert, listenKey] = [full(options.listenCert), full(options.listenKey)];
  const listenSecrets = full(options.listenSecrets);
  return { workers, listen, nats, workerToken, ca, listenCert, listenKey, listenSecrets };
}

/** Whether a search computes on other machines only, so that it needs no adapter's lock. */
export const computesElsewhere = (options: WorkerOptions): boolean =>
  wantsWorkers(options) && options.workers === undefined;

/** Workers that are open for a run. */
export interface OpenWorkers {
  distribute: NonNullable<RunIO["distribute"]>;
  close(): Promise<void>;
}

/** The run whose trials workers evaluate. */
export interface WorkersOf {
  /** Folder of the run, and when it was started. */
  run: string;
  started: string;
  config: SearchConfig;
  tuning: Tuned;
  dataDir?: string;
  progress: Progress;
}

/**
 * Opens the workers of a search; undefined where it asks for none.
 * @throws UsageError where this process may not start programs, or a server cannot be used.
 */
export async function openWorkers(
  options: WorkerOptions,
  of: WorkersOf,
): Promise<OpenWorkers | undefined> {
  if (!wantsWorkers(options)) return undefined;
  const { config, tuning, dataDir, progress } = of;
  if (!options.nats || options.workers) await requirePrograms();
  const find = { ...places(), dataDir: dataDir === undefined ? undefined : fromHere(dataDir) };
  const opening = { kind: "evaluate", plugins: config.plugins, value: { config, tuning, find } };
  const { channel, close } = options.listen === undefined && options.nats === undefined
    ? localWorkers(opening, options.workers!, progress)
    : await remoteWorkers(opening, options, of);
  const journal = new Journal(of.run, channel, (adapters) => {
    progress.line(
      `note     results come from ${adapters.join(" and ")}: they may differ in the last bits`,
    );
  });
  return {
    distribute: (opened, context) =>
      distributed(opened, context, { channel, onAttempt: (attempt) => journal.add(attempt) }),
    async close() {
      await close();
      journal.close();
    },
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

/** Opens the channel over NATS, with a server of the run's own where none is named. */
async function remoteWorkers(
  opening: Opening,
  options: WorkerOptions,
  { run, started, config, progress }: WorkersOf,
): Promise<OpenChannel> {
  const [{ NatsChannel }, { connect }, { portableOpening }, { token }, { offerDataset }] =
    await Promise.all([
      import("../run/workers/nats/coordinator.ts"),
      import("../run/workers/nats/connect.ts"),
      import("../run/workers/nats/opening.ts"),
      import("../run/workers/nats/names.ts"),
      import("../run/workers/nats/dataset.ts"),
    ]);
  const report = (note: string) => progress.line(`note     ${note}`);
  const server = options.nats === undefined ? await ownServer(run, options, report) : undefined;
  const url = server?.url ?? options.nats!;
  const ca = options.ca ?? options.listenCert;
  const access = {
    url: server ? reachable(url) : url,
    secret: server?.secret ?? readSecret(options.workerToken),
    ca: ca && fromHere(ca),
  };
  const id = `${token(basename(run))}-${sha256(`${run} ${started}`).slice(0, 8)}`;
  const nc = await connect(access, "coordinator");
  const { find } = opening.value as EvaluateOpening;
  const images = evaluators.get(config.evaluator.kind).needsDevice;
  const dataset = images ? await offerDataset(nc, config.data, find) : undefined;
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
  run: string,
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
  return await startServer({ folder: join(run, "nats"), ...at, path, tls, secrets, report });
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

/** Reads a credential. @throws UsageError for a file that cannot be read. */
export function readSecret(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return Deno.readTextFileSync(fromHere(file)).trim();
  } catch (cause) {
    throw new UsageError(
      `Cannot read the token in ${file}: ${
        (cause as Error).message
      }; the search says where it wrote it`,
      { cause },
    );
  }
}

/** @throws UsageError where this process may not start programs. */
export async function requirePrograms(): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "run", command: Deno.execPath() });
  if (state === "granted") return;
  throw new UsageError(
    "Cannot start workers: this process may not start programs; use the launcher (./denas search --workers 2 …), " +
      `or "deno run -A cli.ts" in place of "${commandName()}"`,
  );
}
