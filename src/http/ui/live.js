/** Live events of a run, in order, each once, delivered once per frame. */
import { paths } from "./api.js";
import { types } from "./event_types.js";

/** Delay before a page in the background takes in collected events, since it has no frames. */
const backgroundDelay = 1000;
const longestWait = 15_000;

export class LiveEvents {
  #source = null;
  #queue = [];
  #scheduled = false;
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
    this.next = next;
    this.on = on;
    this.#open();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#source?.close();
    this.on.state("closed");
  }

  #open() {
    const source = new EventSource(paths.events(this.id, this.next));
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
    if (event.seq < this.next) return;
    if (event.seq > this.next) {
      this.close();
      this.on.gap();
      return;
    }
    this.next = event.seq + 1;
    this.#queue.push(event);
    if (event.type === "done") this.close();
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (document.hidden) setTimeout(() => this.#flush(), backgroundDelay);
    else requestAnimationFrame(() => this.#flush());
  }

  #flush() {
    this.#scheduled = false;
    const events = this.#queue;
    this.#queue = [];
    if (events.length) this.on.events(events);
  }
}
