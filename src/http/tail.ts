/**
 * Follows one run's events.ndjson for any number of readers. The file is the queue: a reader is only a
 * position in it, so slow readers cost nothing. Only whole lines count, up to the last newline.
 */
import { join } from "@std/path";
import { eventIn, wholeLines } from "../run/lines.ts";
import { openIfThere, readAt } from "./file.ts";

/** Most bytes that one reader gets at once. */
const chunkBytes = 64 * 1024;
/** Interval of checking the file's size; longer with more than `crowd` readers. */
const pollMs = 100;
const crowd = 200;
const crowdedPollMs = 250;
const stateMs = 1000;
/** Silence after which readers get a heartbeat. */
const heartbeatMs = 15_000;
/**
 * Chunks that are cached. Readers of a running run are at the same position, so few chunks serve nearly all.
 */
const keptChunks = 4;

/** Whole lines of the file from byte `from` to `to`, as written and as server-sent events. */
export interface Chunk {
  from: number;
  to: number;
  lines: Uint8Array<ArrayBuffer>;
  messages: Uint8Array<ArrayBuffer>;
  /** The chunk ends with the run's last event. */
  done: boolean;
}

export class Tail {
  /** Bytes of whole lines that are known so far. */
  end = 0;
  /** The run's summary as JSON, and how often it changed. */
  state = "";
  stateVersion = 0;
  /** The run was deleted, or the server stops. */
  closed = false;
  /** Readers get the remaining events, then their streams end. */
  ending = false;
  heartbeats = 0;
  #file: Deno.FsFile | null = null;
  #readers = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stateRead = -Infinity;
  #lastChange = performance.now();
  #change = Promise.withResolvers<void>();
  readonly #chunks = new Map<number, Chunk>();
  readonly #path: string;

  /** @param summary returns the run's state as JSON; it throws once the run is deleted. */
  constructor(run: string, private readonly summary: () => string) {
    this.#path = join(run, "events.ndjson");
    this.look();
  }

  get readers(): number {
    return this.#readers;
  }

  /** Counts a reader. The file is watched while there are any. */
  join(): () => void {
    if (this.#readers++ === 0) {
      this.look();
      this.#schedule();
    }
    let left = false;
    return () => {
      if (left) return;
      left = true;
      if (--this.#readers === 0) this.#rest();
    };
  }

  /** Resolves at new events, another state, a heartbeat, or the end. */
  changed(): Promise<void> {
    return this.#change.promise;
  }

  /** Lines from a position that begins a line; null at the end of the known lines. */
  chunkAt(from: number): Chunk | null {
    if (from >= this.end) return null;
    const kept = this.#chunks.get(from);
    if (kept) return kept;
    const lines = this.#linesAt(from);
    const { messages, done } = asMessages(lines);
    const chunk = { from, to: from + lines.length, lines, messages, done };
    this.#chunks.set(from, chunk);
    if (this.#chunks.size > keptChunks) this.#chunks.delete(this.#chunks.keys().next().value!);
    return chunk;
  }

  /**
   * Position of the event with this `seq`, or the end where it is not written yet. Lines are ordered by
   * `seq`.
   */
  offsetOf(seq: number): number {
    let [low, high] = [0, this.end]; // Both begin lines; the answer is in between.
    while (high - low > chunkBytes) {
      const middle = this.#eventAfter(Math.floor((low + high) / 2), high);
      // This line is longer than half of the rest.
      if (middle >= high) break;
      if (seqAt(this.#read(middle, 64)) <= seq) low = middle;
      else high = middle;
    }
    while (low < high) {
      const lines = this.#linesAt(low);
      for (let at = 0; at < lines.length;) {
        if (seqAt(lines.subarray(at)) >= seq) return low + at;
        at = lines.indexOf(0x0a, at) + 1;
      }
      low += lines.length;
    }
    return Math.min(low, this.end);
  }

  /** Reads new events. */
  look(): void {
    if (this.closed) return;
    const now = performance.now();
    const before = [this.end, this.stateVersion];
    try {
      if (now - this.#stateRead >= stateMs) this.#readState(now);
      this.#readSize();
    } catch {
      this.close(); // The run's folder was deleted, or is no run.
      return;
    }
    if (before[0] !== this.end || before[1] !== this.stateVersion) this.#announce();
    else if (now - this.#lastChange >= heartbeatMs) {
      this.heartbeats++;
      this.#announce();
    }
  }

  /** A last look before the server stops, for events that a run wrote at its end. */
  finish(): void {
    this.#stateRead = -Infinity;
    this.look();
    this.ending = true;
    this.#announce();
  }

  close(): void {
    this.closed = true;
    this.#rest();
    this.#announce();
  }

  #announce(): void {
    this.#lastChange = performance.now();
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  #readState(now: number): void {
    this.#stateRead = now;
    const state = this.summary();
    if (state === this.state) return;
    this.state = state;
    this.stateVersion++;
  }

  #readSize(): void {
    this.#file ??= openIfThere(this.#path);
    if (!this.#file) return;
    const { size } = this.#file.statSync();
    // Only an incomplete last line is ever cut off.
    if (size < this.end) throw new Error(`${this.#path} became shorter`);
    for (let high = size; high > this.end; high -= chunkBytes) {
      const low = Math.max(this.end, high - chunkBytes);
      const whole = wholeLines(this.#read(low, high - low));
      if (whole > 0) {
        this.end = low + whole;
        return;
      }
    }
  }

  #linesAt(from: number): Uint8Array<ArrayBuffer> {
    for (let length = chunkBytes;; length *= 2) {
      const bytes = this.#read(from, Math.min(length, this.end - from));
      const whole = wholeLines(bytes);
      if (whole > 0) return bytes.subarray(0, whole);
      if (bytes.length < length) throw new Error(`${this.#path} has no line at byte ${from}`);
    }
  }

  /** The first event that begins after a position. Damaged lines are skipped since they have no order. */
  #eventAfter(position: number, limit: number): number {
    let at = this.#lineAfter(position, limit);
    while (at < limit && seqAt(this.#read(at, 64)) < 0) at = this.#lineAfter(at, limit);
    return at;
  }

  /** The first line that begins after a position. */
  #lineAfter(position: number, limit: number): number {
    for (let at = position; at < limit; at += chunkBytes) {
      const newline = this.#read(at, Math.min(chunkBytes, limit - at)).indexOf(0x0a);
      if (newline >= 0) return at + newline + 1;
    }
    return limit;
  }

  #read(from: number, length: number): Uint8Array<ArrayBuffer> {
    this.#file ??= openIfThere(this.#path);
    if (!this.#file) throw new Error(`${this.#path} is gone`);
    return readAt(this.#file, from, length);
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.look();
      if (this.#readers > 0 && !this.closed) this.#schedule();
    }, this.#readers > crowd ? crowdedPollMs : pollMs);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#chunks.clear();
    this.#file?.close();
    this.#file = null;
  }
}

const head = /^\{"seq":(\d+),"time":"[^"]*","type":"(\w+)"/;

/** The `seq` of the event in this line; without one, a number below all others. */
function seqAt(line: Uint8Array): number {
  const text = new TextDecoder().decode(line.subarray(0, 64));
  return Number(/^\{"seq":(\d+),/.exec(text)?.[1] ?? -1);
}

function asMessages(lines: Uint8Array<ArrayBuffer>) {
  let type = "";
  const messages = new TextDecoder().decode(lines).split("\n").slice(0, -1).map((line) => {
    const match = head.exec(line);
    const event = match ? { seq: match[1], type: match[2] } : eventIn(line);
    if (!event) return ""; // Damaged: readers do not get this line.
    ({ type } = event);
    return `id: ${event.seq}\nevent: ${type}\ndata: ${line}\n\n`;
  });
  return { messages: new TextEncoder().encode(messages.join("")), done: type === "done" };
}
