/**
 * Chooses among variants of a kernel that compute the same. Ops ask at every dispatch; the answers come from
 * a table that the tuner measured, and without one from the op's own order of preference.
 */
import { sha256 } from "../common/sha256.ts";
import { DataError } from "../common/errors.ts";

/** Index into the candidates by key. Keys name a kernel and a class of shapes. */
export type Choices = Readonly<Record<string, number>>;

/** A saved choice with the digest of its candidates: among others it is meaningless. */
export interface Choice {
  index: number;
  /** `digestOf` the candidates. */
  among: string;
}

export type Tuned = Readonly<Record<string, Choice>>;

/** Digest of a list of candidates. */
export function digestOf(candidates: readonly unknown[]): string {
  return sha256(JSON.stringify(candidates)).slice(0, 12);
}

/** Whether a candidate computes in float16: it has a `HALF` that is true. */
export const isHalf = (candidate: unknown): boolean =>
  typeof candidate === "object" && candidate !== null && "HALF" in candidate &&
  candidate.HALF === true;

export class Tuning {
  /** The measured choices; replaced as a whole, never in the middle of a run. */
  choices: Choices = {};
  /** Called at every choice while set: this is how the tuner finds out what there is to choose. */
  listener: ((key: string, candidates: readonly unknown[]) => void) | null = null;
  /** Loaded choices that have not been checked against the candidates yet. */
  #unchecked = new Map<string, string>();
  #from = "";

  /** Takes over saved choices. @param from their origin, for messages. */
  use(tuned: Tuned, from: string): void {
    this.choices = Object.fromEntries(Object.entries(tuned).map(([key, c]) => [key, c.index]));
    this.#unchecked = new Map(Object.entries(tuned).map(([key, { among }]) => [key, among]));
    this.#from = from;
  }

  /**
   * Returns one of `candidates`: the measured choice, or the first if there is none. Candidates are plain
   * data, and the same for the same key.
   * @throws DataError where a choice was made among other candidates.
   */
  choose<T>(key: string, candidates: readonly T[]): T {
    this.listener?.(key, candidates);
    const index = this.choices[key];
    if (index === undefined) return candidates[0];
    const among = this.#unchecked.get(key);
    if (among !== undefined) {
      this.#unchecked.delete(key);
      if (among !== digestOf(candidates)) throw this.#outdated(key);
    }
    if (!(index in candidates)) {
      throw new RangeError(
        `Cannot use variant ${index} of ${key}: expected 0 … ${candidates.length - 1}`,
      );
    }
    return candidates[index];
  }

  #outdated(key: string): DataError {
    return new DataError(
      `Cannot use ${this.#from}: its choice for ${key} was made among other variants than there are now; ` +
        `resume a run with the denas that it began with, start others after "tune" or with --no-tuning`,
    );
  }
}
