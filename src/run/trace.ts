/**
 * Writes a profile as a Chrome trace (the JSON object form of Google's "Trace Event Format"), for
 * ui.perfetto.dev and chrome://tracing. It is streamed, so that a long run needs no memory for it.
 */
import type { Span } from "../gpu/profile.ts";
import { explain } from "./files.ts";

const TRACKS = { host: 1, device: 2 };
/** Characters per write. */
const PIECE = 1 << 16;

export class TraceFile {
  readonly #file: Deno.FsFile;
  #text = "";
  #first = true;

  constructor(readonly path: string) {
    try {
      this.#file = Deno.openSync(path, { create: true, write: true, truncate: true });
    } catch (cause) {
      throw explain(path, cause);
    }
    this.#text = `{"displayTimeUnit":"ms","traceEvents":[`;
    this.#event({ ph: "M", pid: 1, name: "process_name", args: { name: "denas" } });
    for (const [name, tid] of Object.entries(TRACKS)) {
      this.#event({ ph: "M", pid: 1, tid, name: "thread_name", args: { name } });
    }
  }

  /** Adds a span. Times are in microseconds since the process began. */
  add({ track, name, startMs, ms, args }: Span): void {
    const at = { ts: microseconds(startMs), dur: microseconds(ms) };
    this.#event({ ph: "X", pid: 1, tid: TRACKS[track], cat: track, name, ...at, args });
  }

  /** Ends the file. @param otherData figures of the whole run. */
  close(otherData: Record<string, unknown>): void {
    try {
      this.#text += `\n],"otherData":${JSON.stringify(otherData)}}\n`;
      this.#flush();
    } finally {
      this.#file.close();
    }
  }

  #event(event: unknown): void {
    this.#text += `${this.#first ? "" : ","}\n${JSON.stringify(event)}`;
    this.#first = false;
    if (this.#text.length > PIECE) this.#flush();
  }

  #flush(): void {
    const bytes = new TextEncoder().encode(this.#text);
    this.#text = "";
    try {
      for (let done = 0; done < bytes.length;) done += this.#file.writeSync(bytes.subarray(done));
    } catch (cause) {
      throw explain(this.path, cause);
    }
  }
}

const microseconds = (ms: number) => Math.round(ms * 1e6) / 1e3;
