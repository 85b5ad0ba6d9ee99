/** LRU cache; entries in use are not evicted. */
export class Shelf<From, T> {
  readonly #things = new Map<string, T>();

  /**
   * @param keyOf gives the key of an entry. @param inUse protects an entry. @param drop is called on evicted
   * ones.
   */
  constructor(
    private readonly size: number,
    private readonly keyOf: (from: From) => string,
    private readonly make: (from: From) => T,
    private readonly inUse: (thing: T) => boolean = () => false,
    private readonly drop: (thing: T) => void = () => {},
  ) {}

  get(from: From): T {
    const key = this.keyOf(from);
    let thing = this.#things.get(key);
    if (thing === undefined) thing = this.make(from);
    else this.#things.delete(key);
    this.#things.set(key, thing); // Last in insertion order: used most recently.
    for (const [other, old] of this.#things) {
      if (this.#things.size <= this.size) break;
      if (other !== key && !this.inUse(old)) this.#let(other, old);
    }
    return thing;
  }

  /** Removes the entry. */
  remove(from: From): void {
    const key = this.keyOf(from);
    const thing = this.#things.get(key);
    if (thing !== undefined) this.#let(key, thing);
  }

  values(): Iterable<T> {
    return this.#things.values();
  }

  clear(): void {
    for (const [key, thing] of this.#things) this.#let(key, thing);
  }

  #let(key: string, thing: T): void {
    this.#things.delete(key);
    this.drop(thing);
  }
}
