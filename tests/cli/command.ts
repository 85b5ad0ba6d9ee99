/** Runs the real command line in its own process. */

import { join } from "@std/path";
import { fileCache } from "../own_cache.ts";
import configuration from "../../deno.json" with { type: "json" };

const entry = new URL("../../cli.ts", import.meta.url).pathname;
const { serve: _, ...tasks } = configuration.tasks;

/** Folder of the adapters' lock files of these commands. */
export const adapterLocks = join(fileCache.XDG_CACHE_HOME, "denas", "locks");

/** The flags of `deno run` that a command's task has; servers start others and need more. */
function flagsOf(args: readonly string[]): string[] {
  if (args[0] === "serve" || args.some((arg) => arg === "--serve" || arg === "--workers")) {
    return ["-A"];
  }
  const task = tasks[(args[0] in tasks ? args[0] : "search") as "search"];
  return task.command.split(" ").slice(2, -2);
}

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
  /** The folder in which the command was typed. */
  here: string;
}

/** Starts a command. @param env INIT_CWD is the folder where it is typed; default: a new one. */
export function start(args: readonly string[], env: Record<string, string> = {}) {
  const here = env.INIT_CWD ?? Deno.makeTempDirSync({ prefix: "denas-" });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...flagsOf(args), "--no-check", entry, ...args],
    // A hangup ends commands, also where the tests themselves were started by `nohup`.
    env: { ...fileCache, NO_COLOR: "1", DENAS_NOHUP: "", ...env, INIT_CWD: here },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return { child, here };
}

/** Sends a signal once what the command writes to stderr holds the text. @returns all of it, at its end. */
export async function signalAt(
  text: string,
  child: Deno.ChildProcess,
  signal: Deno.Signal,
): Promise<string> {
  let stderr = "", sent = false;
  for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += part;
    if (sent || !stderr.includes(text)) continue;
    sent = true;
    child.kill(signal);
  }
  return stderr;
}

export async function denas(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Finished> {
  const { child, here } = start(args, env);
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr), here };
}
