/** Signals: the first asks for a checkpoint and an end, the second ends at once. */
import { echoMs } from "./echo.ts";

export interface Interrupt {
  signal: AbortSignal;
  /** What the first signal does. */
  stop(): void;
  /** Stops listening. */
  dispose(): void;
}

export interface InterruptOptions {
  /** Called when the first signal comes, to tell the user what is going on. */
  onFirst(): void;
  /** Whether the end of the terminal is such a signal; not under `nohup`. */
  hangup: boolean;
}

/** Exit code of a run that was stopped with a checkpoint written. */
export const interruptedCode = 130;

/** How long the way to a checkpoint may take before the process ends regardless. */
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
    // Deno ends at a hangup that nobody listens to, even where it was started with this signal ignored.
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
 * With a file-size limit the system kills a process that writes past it, unless somebody listens; then
 * the write fails like any other and can be reported.
 */
export function surviveFileSizeLimit(): void {
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
}
