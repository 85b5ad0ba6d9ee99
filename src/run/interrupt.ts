/** Signals: the first asks for a checkpoint and an end, the second ends at once. */

export interface Interrupt {
  signal: AbortSignal;
  /** What the first signal does. */
  stop(): void;
  /** Stops listening. */
  dispose(): void;
}

/** Exit code of a run that was stopped with a checkpoint written. */
export const interruptedCode = 130;

/** How long the way to a checkpoint may take before the process ends regardless. */
const patience = 5000;

/** `deno task` passes on a Ctrl-C that its child gets from the terminal too: such an echo is not a second one. */
const echoMs = 300;

/** @param onFirst is called when the first signal comes, to tell the user what is going on. */
export function onInterrupt(onFirst: () => void): Interrupt {
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
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return {
    signal: controller.signal,
    stop,
    dispose() {
      clearTimeout(timer);
      for (const signal of signals) Deno.removeSignalListener(signal, listener);
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
