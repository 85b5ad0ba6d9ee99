/** The HTTP server: `deno task serve` is `denas serve`. */
import { servers } from "./cli.ts";
import { main } from "./src/cli/main.ts";

if (import.meta.main) Deno.exit(await main(["serve", ...Deno.args], servers));
