/** The worker that computes: questions to it, and what it tells by itself. */

/** An error of the worker, in its own words. */
export class EngineError extends Error {
  constructor({ name, message }) {
    super(message);
    this.name = name;
  }
}

/** The worker's code within the page, where that is a single file. */
const single = () => document.getElementById("worker-code");

function workerAddress() {
  const inside = single();
  if (!inside) return new URL("worker.js", document.baseURI);
  return URL.createObjectURL(new Blob([inside.textContent], { type: "text/javascript" }));
}

export class Engine {
  #next = 0;
  #asked = new Map();
  #listeners = new Set();

  constructor() {
    // Pages from a disk may not start modules.
    this.worker = new Worker(workerAddress(), single() ? {} : { type: "module" });
    this.worker.onmessage = ({ data }) => this.#take(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      const message = `Cannot start the engine: ${event.message || "its file did not load"}`;
      this.#failAll({ name: "Error", message });
    };
    this.ready = this.ask("begin", document.baseURI);
    this.ready.catch(() => {}); // Each question fails with the same reason.
  }

  /** Asks for a method of the worker's service. */
  ask(name, ...given) {
    return this.askWith([], name, ...given);
  }

  /** The same; objects in `transfer` go over without a copy. */
  askWith(transfer, name, ...given) {
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers();
    this.#asked.set(id, { resolve, reject });
    this.worker.postMessage({ id, ask: name, given }, transfer);
    return promise;
  }

  /** Calls `listener` with each notice of the worker; returns how to end that. */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #take(message) {
    if (message.notice) {
      for (const listener of [...this.#listeners]) listener(message);
      return;
    }
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if (message.error) asked?.reject(new EngineError(message.error));
    else asked?.resolve(message.answer);
  }

  #failAll(error) {
    for (const { reject } of this.#asked.values()) reject(new EngineError(error));
    this.#asked.clear();
  }
}
