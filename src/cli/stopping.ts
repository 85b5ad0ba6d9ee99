/** Ends long commands early: on Ctrl-C, and on a broken pipe. */
import { type Interrupt, onInterrupt } from "../run/interrupt.ts";
import { onReaderGone } from "./terminal.ts";

/** Like `onInterrupt`; a broken pipe counts as the first signal. */
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

/** Listens to signals; also to SIGHUP, unless the launcher was started with it ignored. */
export function onSignal(onFirst: () => void): Interrupt {
  return onInterrupt({ onFirst, hangup: Deno.env.get("DENAS_NOHUP") !== "1" });
}
