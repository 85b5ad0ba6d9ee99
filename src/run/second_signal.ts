/**
 * A thread that ends the process at the second signal where the main thread does not: it may wait for a driver
 * that hangs, and hears no signal then.
 */
import { echoMs } from "./echo.ts";

/** Milliseconds for the main thread to end by itself, with its own exit code. */
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
