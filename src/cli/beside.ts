/** `--serve`: the HTTP server beside a run. It has its own process, since the run keeps this one busy. */
import type { Command } from "commander";
import { UsageError } from "../common/errors.ts";
import { commandName, fromHere } from "./paths.ts";
import { printError } from "./terminal.ts";

const entry = new URL("../../cli.ts", import.meta.url);

/** Adds the option to a command that runs; the server ends with the command. */
export function addServeOption(command: Command): Command {
  return command
    .option(
      "--serve [port]",
      "show the run in a browser while it goes on; by default on a free port",
    )
    .hook("preAction", async (_, action) => {
      const { serve, runs, printConfig } = action.opts<
        { serve?: string | true; runs: string; printConfig?: boolean }
      >();
      if (serve !== undefined && !printConfig) {
        printError(`serving  ${await serveBeside(fromHere(runs), serve === true ? "0" : serve)}`);
      }
    });
}

/**
 * Starts the server. It reads its stdin, which closes when this process ends for any reason.
 * @returns its address.
 * @throws UsageError when it does not come up; it has printed why.
 */
async function serveBeside(runs: string, port: string): Promise<string> {
  if (Deno.permissions.querySync({ name: "run" }).state !== "granted") {
    throw new UsageError(
      `Cannot serve beside the run: no permission to start a server; type "./denas" or ` +
        `"deno run -A cli.ts" for "deno task", or start "${commandName()} serve" in another terminal`,
    );
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", entry.href, "serve", "--runs", runs, "--port", port, "--until-eof"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  child.unref();
  let said = "";
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (let more = await reader.read(); !more.done; more = await reader.read()) {
    said += more.value;
    const address = /^serving +(\S+)\n/m.exec(said)?.[1];
    if (address) return address;
  }
  throw new UsageError(`Cannot serve on port ${port}: the server did not come up`);
}
