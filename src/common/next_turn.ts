/** A turn of the event loop. */

type Immediate = { setImmediate?: (callback: () => void) => void };

/** Lets timers, signals and messages run. A timer of zero milliseconds takes two, in browsers four. */
export function nextTurn(): Promise<void> {
  const { setImmediate } = globalThis as Immediate;
  if (setImmediate) return new Promise((resolve) => void setImmediate(resolve));
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
