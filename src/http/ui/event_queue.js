/** Events of a run for its view: in order, each once, delivered once per frame. */

/** Delay before a page in the background takes in collected events, since it has no frames. */
const backgroundDelay = 1000;

export class EventQueue {
  #queue = [];
  #scheduled = false;

  /** @param {number} next the first `seq` wanted; @param {(events: object[]) => void} deliver */
  constructor(next, deliver) {
    this.next = next;
    this.deliver = deliver;
  }

  /** Takes an event; a repeated one is dropped. @returns {boolean} false where events before it are missing. */
  take(event) {
    if (event.seq < this.next) return true;
    if (event.seq > this.next) return false;
    this.next = event.seq + 1;
    this.#queue.push(event);
    if (this.#scheduled) return true;
    this.#scheduled = true;
    if (document.hidden) setTimeout(() => this.#flush(), backgroundDelay);
    else requestAnimationFrame(() => this.#flush());
    return true;
  }

  #flush() {
    this.#scheduled = false;
    const events = this.#queue;
    this.#queue = [];
    if (events.length) this.deliver(events);
  }
}
