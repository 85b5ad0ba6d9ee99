/**
 * Which form of a kernel is used where several compute the same. Ops ask at every dispatch; the answers come
 * from a table that the tuner measured, and without one from the op's own order of preference.
 */

/** Index into the candidates by key. Keys name a kernel and a class of shapes. */
export type Choices = Readonly<Record<string, number>>;

export class Tuning {
  /** What was measured; replaced as a whole, never in the middle of a run. */
  choices: Choices = {};
  /** While set, told of every question: how the tuner finds out what there is to choose. */
  listener: ((key: string, candidates: readonly unknown[]) => void) | null = null;

  /** One of `candidates`; the first is what the op would take without a measurement. */
  choose<T>(key: string, candidates: readonly T[]): T {
    this.listener?.(key, candidates);
    return candidates[this.choices[key] ?? 0] ?? candidates[0];
  }
}
