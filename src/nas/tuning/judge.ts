/** What samples say: which form is clearly the fastest, and which are not worth trying again. */

/** Of the time of the default: what another form may take at most to be chosen. */
export const CLEARLY_FASTER = 0.95;
/** A form that takes so many times as long as the default had no hope of being chosen. */
export const CLEARLY_SLOWER = 1.3;
/** Keys of a kernel at which a form may be hopeless in a row before it is not tried at others. */
const PATIENCE = 2;

/** Milliseconds of a candidate, by its index, one sample after the other. */
export type Samples = Map<number, number[]>;

/** Forms that were hopeless at other keys of the same kernel, and are not compiled again and again. */
export class Hopes {
  readonly #failures = new Map<string, number>();

  /** Candidates to try. */
  worth(key: string, candidates: readonly unknown[]): number[] {
    return [...candidates.keys()].filter((i) =>
      i === 0 || (this.#failures.get(this.#name(key, candidates[i])) ?? 0) < PATIENCE
    );
  }

  /** Counts failures in a row. */
  note(key: string, candidates: readonly unknown[], hopeless: readonly number[]): void {
    for (const i of this.worth(key, candidates)) {
      const name = this.#name(key, candidates[i]);
      this.#failures.set(name, hopeless.includes(i) ? (this.#failures.get(name) ?? 0) + 1 : 0);
    }
  }

  #name(key: string, candidate: unknown): string {
    return `${key.split(" ", 1)[0]} ${JSON.stringify(candidate)}`;
  }
}

/**
 * The form that is clearly the fastest, 0 (the default) where none is: its best sample by a margin, and all
 * of its samples but one beside those of the default that were taken right before.
 */
export function fastest(samples: Samples): number {
  const least = new Map([...samples].map(([index, times]) => [index, Math.min(...times)]));
  const best = [...least].reduce((a, b) => b[1] < a[1] ? b : a)[0];
  if (least.get(best)! > CLEARLY_FASTER * least.get(0)!) return 0;
  const defaults = samples.get(0)!;
  const wins = samples.get(best)!.filter((ms, round) => ms < defaults[round]).length;
  return wins >= Math.max(1, defaults.length - 1) ? best : 0;
}
