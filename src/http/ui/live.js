/** Live events of a run from the server. */
import { paths } from "./api.js";
import { EventQueue } from "./event_queue.js";
import { types } from "./event_types.js";

const longestWait = 15_000;

export class LiveEvents {
  #source = null;
  #queue;
  #closed = false;
  #retry = 0;
  #failures = 0;

  /**
   * @param {string} id
   * @param {number} next the first `seq` wanted.
   * @param {{events: (e: object[]) => void, summary: (run: object) => void, state: (s: "live" | "waiting" |
   * "closed") => void, gap: () => void, refused: () => Promise<boolean>}} on `gap` is called when events are
   * missing; `refused` when the server closed the stream, and returns whether to try again.
   */
  constructor(id, next, on) {
    this.id = id;
    this.on = on;
    this.#queue = new EventQueue(next, on.events);
    this.#open();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#source?.close();
    this.on.state("closed");
  }

  #open() {
    const source = new EventSource(paths.events(this.id, this.#queue.next));
    this.#source = source;
    source.onopen = () => {
      this.#failures = 0;
      this.on.state("live");
    };
    source.onerror = () => {
      if (this.#closed) return;
      this.on.state("waiting");
      // Otherwise the browser reconnects by itself, with Last-Event-ID.
      if (source.readyState === EventSource.CLOSED) this.#again();
    };
    source.addEventListener("state", (message) => this.on.summary(JSON.parse(message.data)));
    for (const type of types) source.addEventListener(type, (message) => this.#take(message));
  }

  async #again() {
    this.#source.close();
    if (!await this.on.refused() || this.#closed) return;
    const wait = Math.min(longestWait, 500 * 2 ** this.#failures++);
    this.#retry = setTimeout(() => this.#open(), wait);
  }

  #take(message) {
    const event = JSON.parse(message.data);
    if (!this.#queue.take(event)) {
      this.close();
      this.on.gap();
    } else if (event.type === "done") this.close();
  }
}
