/**
 * Child process of a supervisor. Its only connections are stdin and stdout; it ends with its stdin, so that it
 * does not outlive its supervisor.
 */
import { type FromChild, linesOf, MARK } from "./messages.ts";
import { serveWork } from "./serve_work.ts";

if (import.meta.main) {
  // Signals of the terminal go to the whole group; the supervisor decides when its children end.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    if (Deno.build.os !== "windows") Deno.addSignalListener(signal, () => {});
  }
  const take = serveWork(send);
  for await (const line of linesOf(Deno.stdin.readable)) take(JSON.parse(line));
  Deno.exit(0);
}

function send(message: FromChild): void {
  const bytes = new TextEncoder().encode(`${MARK}${JSON.stringify(message)}\n`);
  for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
}
