/** The worker's side of a channel: opens the work and runs its jobs, whatever carries the messages. */
import { type FromChild, plainError, type ToChild } from "./messages.ts";
import { openWork, type Work } from "./work.ts";
import type { Job, Opening } from "./channel.ts";
import { join } from "@std/path";

/** @returns takes the messages in order; jobs run one at a time. */
export function serveWork(send: (message: FromChild) => void): (message: ToChild) => void {
  const stop = new AbortController();
  let work: Promise<Work>;
  let attachments = "";
  let last: Promise<void> = Promise.resolve();
  return (message) => {
    if ("open" in message) {
      attachments = message.open.attachments ?? "";
      work = open(message.open, stop.signal, send);
      // The coordinator was told.
      work.catch(() => {});
    } else if ("interrupt" in message) {
      stop.abort(new DOMException("The work was interrupted", "AbortError"));
    } else {
      const { attachment } = message.job;
      const file = attachment === undefined ? undefined : join(attachments, attachment);
      // One at a time: interleaved jobs would count each other's time.
      last = last.then(() => run(work, message.job, file, stop.signal, send));
    }
  };
}

async function open(
  opening: Opening,
  signal: AbortSignal,
  send: (message: FromChild) => void,
): Promise<Work> {
  try {
    const work = await openWork(opening, signal);
    send({ ready: { adapter: work.adapter, driver: work.driver } });
    return work;
  } catch (error) {
    send({ refused: plainError(error as Error) });
    throw error;
  }
}

async function run(
  opened: Promise<Work>,
  { id, payload }: Job,
  attachment: string | undefined,
  signal: AbortSignal,
  send: (message: FromChild) => void,
): Promise<void> {
  try {
    const work = await opened;
    const from = performance.now();
    const value = await work.run(payload, signal, {
      id,
      attachment,
      saved: () => send({ saved: id }),
    });
    send({ done: id, value, seconds: (performance.now() - from) / 1000 });
  } catch (error) {
    send({ broken: id, error: plainError(error as Error) });
  }
}
