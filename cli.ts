/** The command line: `deno task search --mode micro`, `deno task retrain arch.json`, and what goes with them. */
import { main } from "./src/cli/main.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
