/**
 * Messages between a supervisor and its child process: one line of JSON each, on the child's stdin and stdout.
 * Lines of the child begin with a mark, so that what a plug-in prints is not taken for a message.
 */
import * as z from "zod";
import type { Job, Opening } from "./channel.ts";

/** First character of each message of a child: the record separator of ASCII. */
export const MARK = "\x1e";

/** Errors keep their class by name, since they end the whole run and are shown to the user. */
export interface PlainError {
  name: string;
  message: string;
  stack?: string;
}

/** `interrupt`: its job, and those that come later, are to end early. */
export type ToChild = { open: Opening } | { job: Job } | { interrupt: true };

export const plainErrorSchema = z.object({
  name: z.string(),
  message: z.string(),
  stack: z.string().optional(),
});
const fromChild = z.union([
  z.object({
    ready: z.object({ adapter: z.string().optional(), driver: z.string().optional() }),
  }),
  /** The work cannot be opened. */
  z.object({ refused: plainErrorSchema }),
  /** A checkpoint of the job was written. */
  z.object({ saved: z.string() }),
  z.object({ done: z.string(), value: z.unknown(), seconds: z.number() }),
  /** The job ended with an error that is not its own failure, such as a lost device. */
  z.object({ broken: z.string(), error: plainErrorSchema }),
]);
export type FromChild = z.infer<typeof fromChild>;

/** The message in a line of a child; null for other output, and for the half line of one that was killed. */
export function messageIn(line: string): FromChild | null {
  if (!line.startsWith(MARK)) return null;
  try {
    return fromChild.parse(JSON.parse(line.slice(MARK.length)));
  } catch {
    return null;
  }
}

/** An error as plain data. */
export const plainError = ({ name, message, stack }: Error): PlainError => ({
  name,
  message,
  stack,
});

/** Lines of a stream of bytes, without their ends; a partial last line too. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  // Parts of one line are joined once: a result may have hundreds of megabytes.
  let line: string[] = [];
  for await (const part of stream.pipeThrough<string>(new TextDecoderStream() as never)) {
    const [first, ...others] = part.split("\n");
    line.push(first);
    for (const next of others) {
      yield line.join("");
      line = [next];
    }
  }
  const last = line.join("");
  if (last !== "") yield last;
}
