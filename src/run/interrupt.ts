/** Signals: the first requests a checkpoint and an end, the second ends the process at once. */
import { echoMs } from "./echo.ts";

export interface Interrupt {
  signal: AbortSignal;
  /** Called at the first signal, to stop the run. */
  stop(): void;
  /** Stops listening. */
  dispose(): void;
}

export interface InterruptOptions {
  /** Called at the first signal, to inform the user. */
  onFirst(): void;
  /** Whether a hangup of the terminal counts as such a signal; false under `nohup`. */
  hangup: boolean;
}

/** Exit code of a run that was stopped with a checkpoint written. */
export const interruptedCode = 130;

/** Milliseconds for reaching a checkpoint; then the process ends without one. */
const patience = 5000;

export function onInterrupt({ onFirst, hangup }: InterruptOptions): Interrupt {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let first = 0;
  const listener = () => {
    if (controller.signal.aborted) {
      if (performance.now() - first > echoMs) Deno.exit(interruptedCode);
      return;
    }
    stop();
  };
  const stop = () => {
    if (controller.signal.aborted) return;
    first = performance.now();
    onFirst();
    timer = setTimeout(() => Deno.exit(interruptedCode), patience);
    Deno.unrefTimer(timer);
    controller.abort(new DOMException("The run was interrupted", "AbortError"));
  };
  const listeners = new Map<Deno.Signal, () => void>([["SIGINT", listener]]);
  if (Deno.build.os === "windows") listeners.set("SIGBREAK", listener);
  else {
    listeners.set("SIGTERM", listener);
    // Deno ends at a hangup without a listener, even when it was started with this signal ignored.
    listeners.set("SIGHUP", hangup ? listener : () => {});
  }
  for (const [signal, act] of listeners) Deno.addSignalListener(signal, act);
  const watch = new Worker(new URL("./second_signal.ts", import.meta.url), { type: "module" });
  return {
    signal: controller.signal,
    stop,
    dispose() {
      clearTimeout(timer);
      watch.terminate();
      for (const [signal, act] of listeners) Deno.removeSignalListener(signal, act);
    },
  };
}

/**
 * Listens for the signal of a file-size limit. Without a listener it kills the process; with one, the write
 * fails like any other and can be reported.
 */
export function surviveFileSizeLimit(): void {
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
}
