/** Commands of denas with the sleeping evaluator, in processes and with a cache of their own. */
import { join } from "@std/path";

const entry = new URL("../cli.ts", import.meta.url).pathname;
const plugin = new URL("../tests/run/workers/sleeping.ts", import.meta.url).pathname;
/** Folder of the caches, for files of a benchmark, too. */
export const home = Deno.makeTempDirSync({ prefix: "denas-workers-" });

/** A cache of its own, so that other runs of this machine hold no lock; packages are not fetched again. */
const own = {
  XDG_CACHE_HOME: home,
  DENO_DIR: Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME")!, ".cache/deno"),
};

export interface Running {
  child: Deno.ChildProcess;
  /** Text on stderr so far. */
  said(): string;
  status: Promise<Deno.CommandStatus>;
  /** Whether the process has ended. */
  ended(): boolean;
}

/** Starts a command. @param here folder in which it is typed; it is made. */
export function denas(here: string, args: readonly string[]): Running {
  Deno.mkdirSync(here, { recursive: true });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", entry, ...args, "--plugin", plugin],
    env: { ...own, INIT_CWD: here, NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let text = "";
  (async () => {
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) text += part;
  })();
  let ended = false;
  const status = child.status.finally(() => ended = true);
  return { child, said: () => text, status, ended: () => ended };
}
