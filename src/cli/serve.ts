/** `denas serve`: the HTTP server, and the one beside a run that `--serve` asks for. */
import type { Command } from "commander";
import { DataError, UsageError } from "../errors.ts";
import { isLoopback, type OpenServer, type RunningServer } from "../run/serving.ts";
import { port } from "./options.ts";
import { commandName, fromHere, places, shortPath } from "./paths.ts";
import { onSignal } from "./stopping.ts";
import { onReaderGone, print, printError } from "./terminal.ts";

interface ServeOptions {
  port: number;
  host: string;
  tokenFile?: string;
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
  $ denas serve --host 0.0.0.0 --token-file token.txt`,
    ).action(async (options: ServeOptions) => {
      // Who listens over HTTP is what counts, not who reads this terminal.
      onReaderGone(() => {});
      const token = await tokenFor(options);
      const server = await open(options, token.value, openServer);
      print(`${token.made ? "token    " + token.value + "\n" : ""}serving  ${server.url}`);
      await untilStopped(options.untilEof ?? false);
      await server.close();
    });
}

async function open(
  { host, port, runs, studies, dataDir }: ServeOptions,
  token: string | undefined,
  openServer: OpenServer,
): Promise<RunningServer> {
  try {
    return await openServer({
      host,
      port,
      token,
      runs: fromHere(runs),
      studies: fromHere(studies),
      dataDir: dataDir === undefined ? undefined : folder(fromHere(dataDir)),
      places: places(),
      commandName: commandName(),
      shortPath,
      env: environment(),
      report: (message) => printError(`denas: ${message}`),
    });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new UsageError(
      `Cannot listen on port ${port}: another program does, expected a free one; try --port 0`,
      { cause },
    );
  }
}

function folder(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (cause) {
    throw new UsageError(`Cannot use --data-dir ${path}: there is no such folder`, { cause });
  }
}

/** From a file, the environment, or made: whoever can reach another address than loopback needs one. */
async function tokenFor(
  { host, tokenFile }: ServeOptions,
): Promise<{ value?: string; made: boolean }> {
  const value = tokenFile === undefined
    ? Deno.env.get("DENAS_TOKEN")?.trim()
    : await readToken(fromHere(tokenFile));
  if (value) return { value, made: false };
  if (isLoopback(host)) return { made: false };
  printError(`denas: ${host} can be reached from elsewhere: requests need a token`);
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return { value: bytes.toBase64({ alphabet: "base64url" }), made: true };
}

async function readToken(path: string): Promise<string> {
  let token: string;
  try {
    token = (await Deno.readTextFile(path)).trim();
  } catch (cause) {
    throw new UsageError(`Cannot read the token ${path}: ${(cause as Error).message}`, { cause });
  }
  if (/^\S{16,}$/.test(token)) return token;
  throw new DataError(
    `Cannot use the token in ${path}: ${token.length} characters, expected one word of at least 16`,
  );
}

/** Runs get everything that drivers and caches may need, but not the token. */
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
  // Beside a run Ctrl-C reaches both, and the run has something to show until its end.
  await (eof ? stdinEnd() : signalled);
  interrupt.dispose();
}

async function stdinEnd(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
}
