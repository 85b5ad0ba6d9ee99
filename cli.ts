/**
 * The command line: `deno task search --mode micro`, `deno task retrain arch.json`, and the other commands.
 */
import { main } from "./src/cli/main.ts";
import type { Servers } from "./src/run/serving.ts";

/** Imported only by the commands that need it, after plug-ins are loaded: requests may name their definitions. */
export const servers: Servers = {
  openServer: async (options) => (await import("./src/http/server.ts")).openServer(options),
  writePage: async (options) => (await import("./src/http/write_page.ts")).writePage(options),
};

if (import.meta.main) Deno.exit(await main(Deno.args, servers));
