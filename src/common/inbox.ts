/** Queue from callbacks to one consumer that waits. */
export class Inbox<T> {
  readonly #items: T[] = [];
  #failure: { error: unknown } | undefined;
  #wake = () => {};

  put(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** Ends the wait with an error; the first one counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  /**
   * Takes the first item, waiting for one.
   * @throws the error of `fail` once no item is left.
   */
  async take(): Promise<T> {
    while (this.#items.length === 0) await this.#change();
    return this.#items.shift()!;
  }

  /** Takes the first item, waiting `ms` at most; undefined where none came. */
  async takeWithin(ms: number): Promise<T | undefined> {
    if (this.#items.length === 0) await this.#change(ms);
    return this.#items.shift();
  }

  /** Waits for an item, at most `ms`. */
  async #change(ms?: number): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (ms !== undefined) timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }
}
