/** A worker of a study: opens its parts once, then runs one trial per message. */
import type { TrialResult } from "../../nas/study/trial.ts";
import { loadPlugins } from "../plugins.ts";
import type { FromWorker, Job, ToWorker } from "./messages.ts";
import { StudyParts } from "./parts.ts";

interface Port {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
}

const port = self as unknown as Port;
let parts: Promise<StudyParts>;
let last: Promise<void> = Promise.resolve();

port.onmessage = ({ data }) => {
  if ("open" in data) {
    parts = loadPlugins(data.open.plugins).then(() => StudyParts.open(data.open));
    // The first trial reports this error.
    parts.catch(() => {});
  } else {
    // One at a time: interleaved searches would count each other's time.
    last = last.then(() => run(data.job));
  }
};

async function run(job: Job): Promise<void> {
  try {
    port.postMessage({ done: job, result: await resultOf(await parts, job) });
  } catch (error) {
    const { name, message, stack } = error as Error;
    port.postMessage({ failed: { name, message, stack } });
  }
}

/** Result of a trial, or the reason why there is none: the study continues without it. */
async function resultOf(parts: StudyParts, job: Job): Promise<TrialResult | { reason: string }> {
  try {
    return await parts.run(job);
  } catch (error) {
    return { reason: (error as Error).message };
  }
}
