/** `denas serve`: the HTTP server, and the one beside a run that `--serve` asks for. */
import { type Command, InvalidArgumentError } from "commander";
import { UsageError, whyUnreadable } from "../common/errors.ts";
import { isLoopback, type OpenServer, type RunningServer } from "../run/serving.ts";
import { port } from "./option_values.ts";
import { commandName, fromHere, places, shortPath } from "./paths.ts";
import { onSignal } from "./stopping.ts";
import { onReaderGone, print, printError } from "./terminal.ts";

interface ServeOptions {
  port: number;
  host: string;
  tokenFile?: string;
  cert?: string;
  key?: string;
  trustedHost: string[];
  runs: string;
  studies: string;
  dataDir?: string;
  untilEof?: boolean;
}

export function addServe(program: Command, openServer: OpenServer): void {
  program.command("serve")
    .description("Watch, start and stop runs in a browser or over HTTP.")
    .option("--port <n>", "port to listen on; 0 takes any", port, 8000)
    .option(
      "--host <address>",
      "address to listen on; any but loopback demands a token",
      "127.0.0.1",
    )
    .option("--token-file <file>", "file with the token (or set DENAS_TOKEN; made where needed)")
    .option("--cert <file>", "certificate chain (PEM): speak HTTPS, with --key")
    .option("--key <file>", "private key of the certificate (PEM)")
    .option(
      "--trusted-host <name>",
      "name that a reverse proxy in front is reached by; may be repeated; demands a token",
      hostNames,
      [],
    )
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--studies <folder>", "folder of all studies", "studies")
    .option("--data-dir <folder>", "folder of image folders that runs may be started on")
    .option("--until-eof", "end with stdin: for a server beside a run")
    .addHelpText(
      "after",
      `
Examples:
  $ denas serve                                   then open http://127.0.0.1:8000/
  $ denas serve --runs elsewhere/runs --port 0
  $ denas serve --host 0.0.0.0 --token-file token.txt
  $ denas serve --host 0.0.0.0 --cert cert.pem --key key.pem
  $ denas serve --trusted-host denas.example.org      behind a proxy on the same machine`,
    ).action(async (options: ServeOptions) => {
      // The server's clients are on HTTP; it goes on when its terminal is gone.
      onReaderGone(() => {});
      const token = await tokenFor(options);
      const server = await open(options, token.value, openServer);
      print(`${token.made ? "token    " + token.value + "\n" : ""}serving  ${server.url}`);
      await untilStopped(options.untilEof ?? false);
      await server.close();
    });
}

async function open(
  options: ServeOptions,
  token: string | undefined,
  openServer: OpenServer,
): Promise<RunningServer> {
  const { host, port, runs, studies, dataDir, trustedHost } = options;
  return await openServer({
    host,
    port,
    token,
    tls: await tlsOf(options),
    trustedHosts: trustedHost,
    runs: fromHere(runs),
    studies: fromHere(studies),
    dataDir: dataDir === undefined ? undefined : folder(fromHere(dataDir)),
    places: places(),
    commandName: commandName(),
    shortPath,
    env: environment(),
    report: (message) => printError(`denas: ${message}`),
  });
}

async function tlsOf({ cert, key }: ServeOptions) {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    const [given, missing] = cert === undefined ? ["--key", "--cert"] : ["--cert", "--key"];
    throw new UsageError(`Cannot use ${given}: ${missing} is missing, expected both`);
  }
  return {
    cert: await readText(fromHere(cert), "certificate"),
    key: await readText(fromHere(key), "key"),
  };
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new UsageError(`Cannot read the ${what} ${path}: ${whyUnreadable(cause)}`, { cause });
  }
}

/** Adds one host name in the form that browsers send, without a port. */
function hostNames(text: string, all: string[]): string[] {
  const name = text.toLowerCase();
  if (/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) return [...all, name];
  throw new InvalidArgumentError("a name like denas.example.org, without port and https://");
}

function folder(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (cause) {
    throw new UsageError(`Cannot use --data-dir ${path}: there is no such folder`, { cause });
  }
}

/** The token: from a file, the environment, or generated. Required for any address other than loopback. */
async function tokenFor(
  { host, tokenFile, trustedHost: [proxied] }: ServeOptions,
): Promise<{ value?: string; made: boolean }> {
  if (tokenFile !== undefined) {
    const path = fromHere(tokenFile);
    const text = (await readText(path, "token")).trim();
    return { value: checkToken(text, `the token in ${path}`), made: false };
  }
  const value = Deno.env.get("DENAS_TOKEN")?.trim();
  if (value) return { value: checkToken(value, "DENAS_TOKEN"), made: false };
  if (isLoopback(host) && proxied === undefined) return { made: false };
  printError(`denas: ${proxied ?? host} can be reached from elsewhere: requests need a token`);
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return { value: bytes.toBase64({ alphabet: "base64url" }), made: true };
}

/** Checks a token's form. @param what describes the token in the message. */
function checkToken(token: string, what: string): string {
  if (/^\S{16,}$/.test(token)) return token;
  throw new UsageError(
    `Cannot use ${what}: ${token.length} characters, expected one word of at least 16`,
  );
}

/** The environment of runs: all that drivers and caches may need, but not the token. */
function environment(): Record<string, string> {
  const { DENAS_TOKEN: _, ...env } = Deno.env.toObject();
  return env;
}

async function untilStopped(eof: boolean): Promise<void> {
  const interrupt = onSignal(() => {});
  const { signal } = interrupt;
  const signalled = new Promise<void>((resolve) =>
    signal.addEventListener("abort", () => resolve())
  );
  // Beside a run, Ctrl-C reaches both processes; the server stays up until the run ends.
  await (eof ? stdinEnd() : signalled);
  interrupt.dispose();
}

async function stdinEnd(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
}
