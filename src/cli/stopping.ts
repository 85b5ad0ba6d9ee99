/** When a command that takes long ends early: on Ctrl-C, and where nobody reads what it tells. */
import { type Interrupt, onInterrupt } from "../run/interrupt.ts";
import { onReaderGone } from "./terminal.ts";

/** As `onInterrupt`; a reader that goes away counts as the first signal. */
export function onStop(onFirst: () => void): Interrupt {
  const interrupt = onSignal(onFirst);
  const forget = onReaderGone(() => interrupt.stop());
  return {
    ...interrupt,
    dispose() {
      forget();
      interrupt.dispose();
    },
  };
}

/** Listens to signals; to a hangup unless the launcher was started with that signal ignored. */
export function onSignal(onFirst: () => void): Interrupt {
  return onInterrupt({ onFirst, hangup: Deno.env.get("DENAS_NOHUP") !== "1" });
}
