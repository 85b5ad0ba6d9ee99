/** Options that ask for workers, and the files and rights that these need. */
import { type Command, InvalidArgumentError } from "commander";
import { UsageError } from "../common/errors.ts";
import { limits } from "../nas/config/limits.ts";
import { requireNoPassword } from "../run/workers/nats/address.ts";
import { numberAbove0, sizeUpTo } from "./option_values.ts";
import { commandName, fromHere } from "./paths.ts";

export interface WorkerOptions {
  workers?: number;
  listen?: string | true;
  nats?: string;
  workerToken?: string;
  ca?: string;
  listenCert?: string;
  listenKey?: string;
  listenSecrets?: string;
  checkpointSeconds?: number;
}

/** Adds the options of a search that workers may do, and of resuming it. */
export function addSearchWorkerOptions(command: Command): Command {
  command.option(
    "--minutes <n>",
    "ask for no more trials after so many minutes; those that run are finished",
    numberAbove0,
  );
  return addCheckpointedWorkerOptions(
    command,
    "with --seeds: run searches; else: evaluate trials (--evaluator train, or a table), or score the final " +
      "candidates of shared weights,",
  );
}

/** Adds the options of commands whose jobs have checkpoints. @param what the processes do. */
export function addCheckpointedWorkerOptions(command: Command, what: string): Command {
  command.option(
    "--checkpoint-seconds <n>",
    "with workers: seconds between two checkpoints of a training, or of a run on another machine (30)",
    numberAbove0,
  );
  return addWorkerOptions(command, what);
}

/** @param what the processes do. */
export function addWorkerOptions(command: Command, what: string): Command {
  return command
    .option(
      "--workers <n>",
      `${what} in so many processes of this machine`,
      sizeUpTo(limits.jobs),
    )
    .option(
      "--listen [address:port]",
      "take workers of other machines, over a NATS server of its own; loopback by default",
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

/** @throws InvalidArgumentError for another form. */
export function hostAndPort(text: string): { host: string; port: number } {
  const match = /^(?:(\[[\da-f:]+\]|[\w.-]+):)?(\d{1,5})$/i.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65535) throw new InvalidArgumentError("address:port, such as 0.0.0.0:4222");
  return { host: (match[1] ?? "127.0.0.1").replace(/^\[|\]$/g, ""), port };
}

/** Whether a command takes workers of other machines. */
export const takesOthers = ({ listen, nats }: WorkerOptions): boolean =>
  listen !== undefined || nats !== undefined;

/** Whether a command asks for workers. */
export const wantsWorkers = (options: WorkerOptions): boolean =>
  options.workers !== undefined || takesOthers(options);

/** The options that ask for workers, with full paths, to be kept for a resume. */
export function workersOf(options: WorkerOptions): WorkerOptions | undefined {
  if (!wantsWorkers(options)) return undefined;
  const { workers, listen, nats } = options;
  if (nats !== undefined) requireNoPassword(nats);
  const full = (path: string | undefined) => path && fromHere(path);
  const [workerToken, ca] = [full(options.workerToken), full(options.ca)];
  const [listenCert, listenKey] = [full(options.listenCert), full(options.listenKey)];
  const listenSecrets = full(options.listenSecrets);
  const { checkpointSeconds } = options;
  return {
    ...{ workers, listen, nats, workerToken, ca, listenCert, listenKey, listenSecrets },
    checkpointSeconds,
  };
}

/** Whether a command computes on other machines only, so that it needs no adapter's lock. */
export const computesElsewhere = (options: WorkerOptions): boolean =>
  wantsWorkers(options) && options.workers === undefined;

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
    "Cannot start workers: this process may not start programs; use the launcher (./denas … --workers 2), " +
      `or "deno run -A cli.ts" in place of "${commandName()}"`,
  );
}
