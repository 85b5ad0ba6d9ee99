/** Keeps what is costly to make for the keys asked for last, and lets go of the rest. */
export class Shelf<T> {
  readonly #things = new Map<string, T>();

  /** @param drop is called with a thing that has to go. @param inUse says which may not. */
  constructor(
    private readonly size: number,
    private readonly make: (key: string) => T,
    private readonly inUse: (thing: T) => boolean = () => false,
    private readonly drop: (thing: T) => void = () => {},
  ) {}

  get(key: string): T {
    let thing = this.#things.get(key);
    if (thing === undefined) thing = this.make(key);
    else this.#things.delete(key);
    this.#things.set(key, thing); // Last in the order of insertion: asked for last.
    this.#makeRoom(key);
    return thing;
  }

  /** Forgets one, or all. */
  remove(key?: string): void {
    const keys = key === undefined ? [...this.#things.keys()] : [key];
    for (const each of keys) {
      const thing = this.#things.get(each);
      if (this.#things.delete(each)) this.drop(thing!);
    }
  }

  values(): T[] {
    return [...this.#things.values()];
  }

  #makeRoom(except: string): void {
    for (const [key, thing] of this.#things) {
      if (this.#things.size <= this.size) return;
      if (key !== except && !this.inUse(thing)) this.remove(key);
    }
  }
}
