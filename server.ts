/** The HTTP server: `deno task serve` is `denas serve`. */
import { main } from "./src/cli/main.ts";
import { openServer } from "./src/http/server.ts";

if (import.meta.main) Deno.exit(await main(["serve", ...Deno.args], openServer));
