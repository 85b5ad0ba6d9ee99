/** A worker of a study: opens its parts once, then runs one trial per message. */
import type { FromWorker, ToWorker } from "./messages.ts";
import { StudyParts } from "./parts.ts";

interface Port {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
}

const port = self as unknown as Port;
let parts: Promise<StudyParts>;

port.onmessage = async ({ data }) => {
  try {
    if ("open" in data) {
      parts = StudyParts.open(data.open);
      // The first trial reports what went wrong.
      parts.catch(() => {});
      return;
    }
    const result = await (await parts).run(data.job);
    port.postMessage({ done: data.job, result });
  } catch (error) {
    const { name, message, stack } = error as Error;
    port.postMessage({ failed: { name, message, stack } });
  }
};
