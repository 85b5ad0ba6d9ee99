/** When a command that takes long ends early: on Ctrl-C, and where nobody reads what it tells. */
import { type Interrupt, onInterrupt } from "../run/interrupt.ts";
import { onReaderGone } from "./terminal.ts";

/** As `onInterrupt`; a reader that goes away counts as the first signal. */
export function onStop(onFirst: () => void): Interrupt {
  const interrupt = onInterrupt(onFirst);
  const forget = onReaderGone(() => interrupt.stop());
  return {
    ...interrupt,
    dispose() {
      forget();
      interrupt.dispose();
    },
  };
}
