/**
 * Thread that ends the process at the second signal if the main thread does not: the main thread may wait for
 * a hanging driver, and then receives no signal.
 */
import { echoMs } from "./echo.ts";

/** Milliseconds that the main thread has to end by itself, with its own exit code. */
const graceMs = 500;

const signals: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

let first: number | undefined;
const listener = () => {
  const now = performance.now();
  first ??= now;
  if (now - first > echoMs) setTimeout(() => Deno.kill(Deno.pid, "SIGKILL"), graceMs);
};
for (const signal of signals) Deno.addSignalListener(signal, listener);
