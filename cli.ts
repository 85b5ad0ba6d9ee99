/**
 * The command line: `deno task search --mode micro`, `deno task retrain arch.json`, and the other commands.
 */
import { main } from "./src/cli/main.ts";
import type { OpenServer } from "./src/run/serving.ts";

/** Imported only by the command that needs it. */
const openServer: OpenServer = async (options) =>
  (await import("./src/http/server.ts")).openServer(options);

if (import.meta.main) Deno.exit(await main(Deno.args, openServer));
