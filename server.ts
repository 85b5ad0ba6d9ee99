/** The HTTP server: `deno task serve` is `denas serve`. */
import { main } from "./src/cli/main.ts";
import type { OpenServer } from "./src/run/serving.ts";

/** Imported after plug-ins are loaded: requests may name their definitions. */
const openServer: OpenServer = async (options) =>
  (await import("./src/http/server.ts")).openServer(options);

if (import.meta.main) Deno.exit(await main(["serve", ...Deno.args], openServer));
