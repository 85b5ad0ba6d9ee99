/** What spaces share whose decisions are a fixed list: the options of none depend on earlier choices. */
import { UsageError } from "../../errors.ts";
import type { Rng } from "../../random.ts";
import type { Decision } from "../space.ts";

export class DecisionList {
  /** @param space its name, for messages. */
  constructor(private readonly space: string, readonly decisions: readonly Decision[]) {}

  /** `SearchSpace.next`. */
  next(prefix: readonly number[]): Decision | null {
    if (prefix.length > this.decisions.length) this.#wrongLength(prefix.length);
    this.#checkOptions(prefix);
    return this.decisions[prefix.length] ?? null;
  }

  /** Throws a UsageError, naming the decision, unless these choices are complete and allowed. */
  check(choice: readonly number[]): void {
    if (choice.length !== this.decisions.length) this.#wrongLength(choice.length);
    this.#checkOptions(choice);
  }

  /** The choices with one of them drawn anew, and different. */
  mutate(choice: readonly number[], rng: Rng): number[] {
    const open = this.decisions.flatMap(({ options }, i) => options > 1 ? [i] : []);
    const at = rng.pick(open);
    const other = rng.below(this.decisions[at].options - 1);
    return choice.with(at, other < choice[at] ? other : other + 1);
  }

  /** Every list of choices that differs in one place. */
  neighbours(choice: readonly number[]): number[][] {
    return this.decisions.flatMap(({ options }, at) =>
      Array.from({ length: options }, (_, o) => o).filter((o) => o !== choice[at])
        .map((o) => choice.with(at, o))
    );
  }

  /** Uniform crossover: the decisions of each node (a layer, a block) come together from either parent. */
  crossover(a: readonly number[], b: readonly number[], rng: Rng): number[] {
    const fromA = new Map<number, boolean>();
    return this.decisions.map(({ node }, i) => {
      if (!fromA.has(node)) fromA.set(node, rng.next() < 0.5);
      return fromA.get(node) ? a[i] : b[i];
    });
  }

  #checkOptions(choice: readonly number[]): void {
    choice.forEach((c, i) => {
      const { name, options } = this.decisions[i];
      if (!Number.isInteger(c) || c < 0 || c >= options) {
        throw new UsageError(
          `Cannot decode ${this.space} architecture: ${name}: got ${c}, expected ${
            options === 1 ? "0" : `0 … ${options - 1}`
          }`,
        );
      }
    });
  }

  #wrongLength(got: number): never {
    throw new UsageError(
      `Cannot decode ${this.space} architecture: got ${got} choices, expected ` +
        `${this.decisions.length}; the number of layers or blocks may be another`,
    );
  }
}
