/** The events of a run in memory: read once from the file, then added to as the run goes on. */
import { wholeLines } from "../run/lines.ts";
import type { EventSource } from "../run/view/run_index.ts";

export class EventLog implements EventSource {
  #bytes: Uint8Array<ArrayBuffer>;
  #size: number;

  /** @param bytes of events.ndjson; a line that is cut is left aside. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#size = wholeLines(bytes);
    this.#bytes = bytes;
  }

  /** Bytes of whole lines. */
  get size(): number {
    return this.#size;
  }

  add(line: Uint8Array): void {
    const needed = this.#size + line.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, needed, 1 << 16));
      larger.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = larger;
    }
    this.#bytes.set(line, this.#size);
    this.#size = needed;
  }

  async *linesFrom(from: number): AsyncGenerator<Uint8Array> {
    if (from < this.#size) yield this.#bytes.subarray(from, this.#size);
  }

  read(parts: readonly (readonly [from: number, length: number])[]): Uint8Array[] {
    return parts.map(([from, length]) => this.#bytes.subarray(from, from + length));
  }
}
