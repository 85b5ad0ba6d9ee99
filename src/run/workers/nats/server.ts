/**
 * A NATS server of the run's own, beside the coordinator. Its store, settings and passwords are in the run's
 * folder, so that a resumed run has the same address and its workers come back by themselves.
 */
import { join } from "@std/path";
import * as z from "zod";
import { DataError, UsageError } from "../../../common/errors.ts";
import { isOlder, pause } from "./connect.ts";
import { workerRights } from "./names.ts";

/** Folders of programs that are looked through after PATH. */
const folders = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin", "/usr/bin"];

const settings = z.object({
  host: z.string(),
  port: z.number().int(),
  coordinator: z.string(),
  worker: z.string(),
  version: z.string(),
});
type Settings = z.infer<typeof settings>;

export interface ServerOptions {
  /** Folder of store and settings. */
  folder: string;
  /** Address to listen on; port 0 takes a free one. */
  host: string;
  port: number;
  /** Value of PATH. */
  path?: string;
  /** Certificate chain and key (PEM files): TLS for all connections. */
  tls?: { cert: string; key: string };
  /** Passwords; default: new ones, kept in the folder. */
  secrets?: { worker: string; coordinator: string };
  report(note: string): void;
}

export interface NatsServer {
  url: string;
  version: string;
  /** Credential of the coordinator; workers read theirs from `tokenFile`. */
  secret: string;
  tokenFile: string;
  pid(): number;
  stop(): Promise<void>;
}

/** Finds the server's program. @throws UsageError that says how to get it. */
export function findServer(path = ""): string {
  for (const folder of [...path.split(":").filter((one) => one !== ""), ...folders]) {
    const file = join(folder, "nats-server");
    try {
      if (Deno.statSync(file).isFile) return file;
    } catch {
      // Not there.
    }
  }
  throw new UsageError(
    "Cannot listen for workers: no nats-server on this machine; type apt-get install nats-server, get it " +
      "from https://nats.io/download, or name a server with --nats URL",
  );
}

async function versionOf(program: string): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args: ["--version"] }).output();
  return /v(\d[\d.]*)/.exec(new TextDecoder().decode(stdout))?.[1] ?? "0";
}

/**
 * Starts the server and keeps it running until `stop`.
 * @throws UsageError where there is none or the port is taken; DataError where the store is a newer server's.
 */
export async function startServer(options: ServerOptions): Promise<NatsServer> {
  const program = findServer(options.path);
  const version = await versionOf(program);
  Deno.mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const set = settingsIn(options, version);
  const config = join(options.folder, "server.conf"), tokenFile = join(options.folder, "token");
  writeSecret(config, configText(options, set));
  writeSecret(tokenFile, `worker:${set.worker}\n`);
  if (isOlder(version, [2, 11])) {
    options.report(
      `nats-server ${version}: 2.11 or newer writes each job to the disk at once, which is safer`,
    );
  }
  await waitForPort(set);
  const keeper = new Keeper(program, config, options.report);
  await keeper.ready(set);
  const scheme = options.tls ? "tls" : "nats";
  const host = set.host.includes(":") ? `[${set.host}]` : set.host;
  return {
    url: `${scheme}://${host}:${set.port}`,
    version,
    secret: `coordinator:${set.coordinator}`,
    tokenFile,
    pid: () => keeper.pid,
    stop: () => keeper.stop(),
  };
}

/** Settings of an earlier process of the run, else new ones. */
function settingsIn(
  { folder, host, port, secrets }: ServerOptions,
  version: string,
): Settings {
  const file = join(folder, "server.json");
  let known: Settings | undefined;
  try {
    known = settings.parse(JSON.parse(Deno.readTextFileSync(file)));
  } catch {
    // A new run.
  }
  if (known && isOlder(version, known.version.split(".").map(Number))) {
    throw new DataError(
      `Cannot open the store in ${folder}: nats-server ${known.version} wrote it, here is ${version}; install ` +
        "the newer one, or delete the folder (only work in flight is lost)",
    );
  }
  const asked = port === 0 ? known?.port ?? freePort(host) : port;
  const set = {
    coordinator: secret(),
    worker: secret(),
    ...known,
    ...secrets,
    host,
    port: asked,
    version,
  };
  writeSecret(file, JSON.stringify(set));
  return set;
}

const secret = (): string => crypto.getRandomValues(new Uint8Array(24)).toHex();

function freePort(hostname: string): number {
  const listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/**
 * Waits for the port: the server of a coordinator that was killed a moment ago may still be ending.
 * @throws UsageError where another program keeps it.
 */
async function waitForPort({ host, port }: Settings): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return Deno.listen({ hostname: host, port }).close();
    } catch (cause) {
      const taken = cause instanceof Deno.errors.AddrInUse;
      if (taken && tries < 30) {
        await pause(100);
        continue;
      }
      const why = taken ? "the port is taken" : (cause as Error).message;
      throw new UsageError(
        `Cannot listen on ${host}:${port}: ${why}; name another with --listen ADDRESS:PORT`,
        { cause },
      );
    }
  }
}

/** Writes a file that only its owner may read. */
export function writeSecret(path: string, text: string): void {
  Deno.writeTextFileSync(path, "", { mode: 0o600 });
  if (Deno.build.os !== "windows") Deno.chmodSync(path, 0o600);
  Deno.writeTextFileSync(path, text);
}

function configText({ folder, tls }: ServerOptions, set: Settings): string {
  const sync = isOlder(set.version, [2, 11]) ? {} : { sync_interval: "always" };
  return JSON.stringify(
    {
      host: set.host,
      port: set.port,
      server_name: "denas",
      max_payload: 8 << 20,
      jetstream: { store_dir: join(folder, "store"), ...sync },
      ...tls && { tls: { cert_file: tls.cert, key_file: tls.key } },
      authorization: {
        users: [
          { user: "coordinator", password: set.coordinator },
          { user: "worker", password: set.worker, permissions: workerRights },
        ],
      },
    },
    null,
    1,
  );
}

/** Keeps a server running: starts it again when it dies. */
class Keeper {
  #child: Deno.ChildProcess;
  #stopped = false;
  #log = "";
  #starts = 0;

  constructor(
    private readonly program: string,
    private readonly config: string,
    private readonly report: (note: string) => void,
  ) {
    this.#child = this.#start();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Waits until the server answers. @throws UsageError with its last words where it does not. */
  async ready({ host, port }: Settings): Promise<void> {
    const hostname = host === "0.0.0.0" ? "127.0.0.1" : host;
    for (let tries = 0; tries < 200; tries++) {
      try {
        const connection = await Deno.connect({ hostname, port });
        connection.close();
        return;
      } catch {
        // Not yet.
      }
      await pause(50);
    }
    await this.stop();
    const why = /address already in use/.test(this.#log)
      ? `port ${port} is taken; name another with --listen ADDRESS:PORT`
      : this.#log.trim().split("\n").at(-1);
    throw new UsageError(`Cannot start nats-server: ${why}`);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await this.#child.status;
  }

  #start(): Deno.ChildProcess {
    // It ends with the coordinator, also where that is killed.
    const wrapped = exists("/usr/bin/setpriv");
    const args = ["-c", this.config];
    const child = new Deno.Command(wrapped ? "/usr/bin/setpriv" : this.program, {
      args: wrapped ? ["--pdeathsig", "TERM", this.program, ...args] : args,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#starts++;
    this.#watch(child);
    return child;
  }

  async #watch(child: Deno.ChildProcess): Promise<void> {
    const decoder = new TextDecoder();
    for await (const part of child.stderr) {
      this.#log = `${this.#log}${decoder.decode(part)}`.slice(-4096);
    }
    const { code, signal } = await child.status;
    if (this.#stopped) return;
    await pause(300);
    if (this.#stopped) return;
    if (this.#starts > 1) {
      this.report(`nats-server ended (${signal ?? code}) and was started again`);
    }
    this.#child = this.#start();
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
