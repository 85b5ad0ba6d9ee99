/**
 * Labels of vertices as 64-bit hashes in two words. No dictionary is kept, so that a search may look at any
 * number of graphs; two of a million different labels are equal with a probability below 1e-7.
 */
import { hash } from "../../common/random.ts";

/** Labels in two arrays of words. */
export interface Labels {
  low: Int32Array;
  high: Int32Array;
}

export const labelArrays = (n: number): Labels => ({
  low: new Int32Array(n),
  high: new Int32Array(n),
});

/** Copies the first n labels. */
export const firstLabels = ({ low, high }: Labels, n: number): Labels => ({
  low: low.slice(0, n),
  high: high.slice(0, n),
});

const words = new Map<string, readonly [low: number, high: number]>();
/** Most texts to remember: names of operations, of which a space has few. */
const REMEMBERED = 10_000;

/** The label of a text. */
export function textLabel(text: string): readonly [low: number, high: number] {
  const known = words.get(text);
  if (known) return known;
  let a = text.length, b = 0;
  for (let i = 0; i < text.length; i++) {
    a = hash(a, b, text.charCodeAt(i), 1);
    b = hash(b, a, text.charCodeAt(i), 2);
  }
  if (words.size === REMEMBERED) words.clear();
  const label = [a | 0, b | 0] as const;
  words.set(text, label);
  return label;
}

/** Numbers labels 0, 1, … in the order of their first appearance: a hash table with open addressing. */
export class LabelTable {
  size = 0;
  /** Labels by number. */
  labels: Labels;
  /** Number of the label in a slot, plus 1; 0 = free. */
  #slots: Int32Array;
  #mask: number;

  constructor(capacity = 256) {
    const slots = 2 ** Math.ceil(Math.log2(2 * capacity));
    this.#slots = new Int32Array(slots);
    this.#mask = slots - 1;
    this.labels = labelArrays(slots / 2);
  }

  clear(): void {
    this.#slots.fill(0);
    this.size = 0;
  }

  /** The number of a label; −1 for an unknown one. */
  find(low: number, high: number): number {
    return this.#slots[this.#slot(low, high)] - 1;
  }

  /** The number of a label, which is new if it was unknown. */
  add(low: number, high: number): number {
    const slot = this.#slot(low, high);
    const known = this.#slots[slot] - 1;
    if (known >= 0) return known;
    if (this.size === this.labels.low.length) {
      this.#grow();
      return this.add(low, high);
    }
    this.labels.low[this.size] = low;
    this.labels.high[this.size] = high;
    this.#slots[slot] = ++this.size;
    return this.size - 1;
  }

  #slot(low: number, high: number): number {
    const slots = this.#slots, mask = this.#mask;
    let slot = low & mask;
    while (slots[slot] > 0) {
      const at = slots[slot] - 1;
      if (this.labels.low[at] === low && this.labels.high[at] === high) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const { low, high } = this.labels;
    const n = this.size;
    this.#slots = new Int32Array(2 * this.#slots.length);
    this.#mask = this.#slots.length - 1;
    this.labels = labelArrays(2 * n);
    this.size = 0;
    for (let i = 0; i < n; i++) this.add(low[i], high[i]);
  }
}
