/**
 * Messages between a supervisor and its child process: one line of JSON each, on the child's stdin and stdout.
 * Lines of the child begin with a mark, so that what a plug-in prints is not taken for a message.
 */
import type { Job, Opening } from "./channel.ts";

/** First character of each message of a child: the record separator of ASCII. */
export const MARK = "\x1e";

/** Errors keep their class by name, since they end the whole run and are shown to the user. */
export interface PlainError {
  name: string;
  message: string;
  stack?: string;
}

export type ToChild = { open: Opening } | { job: Job };

export type FromChild =
  | { ready: { adapter?: string; driver?: string } }
  /** The work cannot be opened. */
  | { refused: PlainError }
  | { done: string; value: unknown; seconds: number }
  /** The job ended with an error that is not its own failure, such as a lost device. */
  | { broken: string; error: PlainError };

/** An error as plain data. */
export const plainError = ({ name, message, stack }: Error): PlainError => ({
  name,
  message,
  stack,
});

/** Lines of a stream of bytes, without their ends; a partial last line too. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream() as never)) {
    text += part;
    const lines = text.split("\n");
    text = lines.pop()!;
    yield* lines;
  }
  if (text !== "") yield text;
}
