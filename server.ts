/** The HTTP server: `deno task serve` is `denas serve`. */
import { main } from "./src/cli/main.ts";
import type { OpenServer } from "./src/run/serving.ts";

/** Loaded once plug-ins are: requests may name what they define. */
const openServer: OpenServer = async (options) =>
  (await import("./src/http/server.ts")).openServer(options);

if (import.meta.main) Deno.exit(await main(["serve", ...Deno.args], openServer));
