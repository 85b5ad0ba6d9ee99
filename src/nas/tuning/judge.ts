/** Judges timing samples: which variant is clearly the fastest, and which are not worth trying again. */

/** Largest time at which a variant is chosen, as a share of the default's. */
export const CLEARLY_FASTER = 0.95;
/** A variant slower than the default by this factor is hopeless. */
export const CLEARLY_SLOWER = 1.3;
/** A variant that is hopeless at this many keys of a kernel in a row is not tried at others. */
const PATIENCE = 2;

/** Samples of each candidate by its index, in milliseconds, in the order of measuring. */
export type Samples = Map<number, number[]>;

/** Tracks variants that were hopeless at other keys of the same kernel, to save compiling them again. */
export class Hopes {
  readonly #failures = new Map<string, number>();

  /** Indices of the candidates to try; always includes the default. */
  worth(key: string, candidates: readonly unknown[]): number[] {
    return [...candidates.keys()].filter((i) =>
      i === 0 || (this.#failures.get(this.#name(key, candidates[i])) ?? 0) < PATIENCE
    );
  }

  /** Counts hopeless results in a row. */
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
 * Index of the variant that is clearly the fastest, or 0 (the default). Its best sample must win by a margin,
 * and all its samples except one must beat the default's sample of the same round.
 */
export function fastest(samples: Samples): number {
  const least = new Map([...samples].map(([index, times]) => [index, Math.min(...times)]));
  const best = [...least].reduce((a, b) => b[1] < a[1] ? b : a)[0];
  if (least.get(best)! > CLEARLY_FASTER * least.get(0)!) return 0;
  const defaults = samples.get(0)!;
  const wins = samples.get(best)!.filter((ms, round) => ms < defaults[round]).length;
  return wins >= Math.max(1, defaults.length - 1) ? best : 0;
}
