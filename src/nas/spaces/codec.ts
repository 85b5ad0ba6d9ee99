/** What spaces share whose decisions are a fixed list. */
import { UsageError } from "../../errors.ts";
import type { Rng } from "../../random.ts";
import type { Decision, SearchSpace } from "../space.ts";
import { inputLabels } from "./cell_graph.ts";

/**
 * How many options are allowed at a place: 0 … limit − 1.
 * @param later whether the choices after it count as well, or only those before it.
 */
export type Limit = (choice: readonly number[], at: number, later: boolean) => number;

/** Of a layer in a chain: whether each output before its predecessor's is an input as well, from the stem on. */
export function skipDecisions(layer: number): Decision[] {
  return Array.from({ length: layer }, (_, j) => ({
    name: `layer ${layer}, skip from ${j === 0 ? "the stem" : `layer ${j - 1}`}`,
    kind: "skip",
    node: layer,
    options: 2,
    labels: ["no", "yes"],
  }));
}

/** Of a normal and a reduction cell: the input and the operation of both sides of every block. */
export function cellDecisions(
  blocks: number,
  word: "block" | "node",
  labels: readonly string[],
): Decision[] {
  return ["normal", "reduction"].flatMap((cell, c) =>
    Array.from({ length: blocks }, (_, b) =>
      ["first", "second"].flatMap((side): Decision[] => {
        // Nodes count from the cell's two inputs, blocks from 0.
        const name = `${cell} cell, ${word} ${word === "node" ? b + 2 : b}, ${side}`;
        const node = c * blocks + b;
        return [
          {
            node,
            name: `${name} input`,
            kind: "input",
            options: b + 2,
            labels: inputLabels(b + 2),
          },
          { node, name: `${name} operation`, kind: "op", options: labels.length, labels },
        ];
      })).flat()
  );
}

export class DecisionList {
  /**
   * @param space its name, for messages.
   * @param limit of options that depend on other choices; default: all are allowed.
   */
  constructor(
    private readonly space: string,
    readonly decisions: readonly Decision[],
    private readonly limit: Limit = (_, at) => decisions[at].options,
  ) {}

  /** `SearchSpace.next`. */
  next(prefix: readonly number[]): Decision | null {
    if (prefix.length > this.decisions.length) this.#wrongLength(prefix.length);
    this.#checkOptions(prefix);
    const decision = this.decisions[prefix.length];
    if (!decision) return null;
    const limit = this.limit(prefix, prefix.length, false);
    if (limit === decision.options) return decision;
    return { ...decision, mask: Array.from({ length: decision.options }, (_, o) => o < limit) };
  }

  /** Throws a UsageError, naming the decision, unless these choices are complete and allowed. */
  check(choice: readonly number[]): void {
    if (choice.length !== this.decisions.length) this.#wrongLength(choice.length);
    this.#checkOptions(choice);
  }

  /** The choices with one of them drawn anew, and different. */
  mutate(choice: readonly number[], rng: Rng): number[] {
    const limits = this.decisions.map((_, i) => this.limit(choice, i, true));
    const at = rng.pick(limits.flatMap((limit, i) => limit > 1 ? [i] : []));
    const other = rng.below(limits[at] - 1);
    return choice.with(at, other < choice[at] ? other : other + 1);
  }

  /** Every list of choices that differs in one place. */
  neighbours(choice: readonly number[]): number[][] {
    return this.decisions.flatMap((_, at) =>
      Array.from({ length: this.limit(choice, at, true) }, (_, o) => o)
        .filter((o) => o !== choice[at])
        .map((o) => choice.with(at, o))
    );
  }

  /** What a space whose decisions these are offers to evolution and local search. */
  moves<A>(
    encode: (arch: A) => number[],
    decode: (choice: readonly number[]) => A,
  ): Required<Pick<SearchSpace<A>, "mutate" | "neighbours" | "crossover">> {
    return {
      mutate: (arch, rng) => decode(this.mutate(encode(arch), rng)),
      neighbours: (arch) => this.neighbours(encode(arch)).map(decode),
      crossover: (a, b, rng) => decode(this.crossover(encode(a), encode(b), rng)),
    };
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
      const limit = this.limit(choice, i, false);
      if (!Number.isInteger(c) || c < 0 || c >= limit) {
        throw new UsageError(
          `Cannot decode ${this.space} architecture: ${
            this.decisions[i].name
          }: got ${c}, expected ${limit === 1 ? "0" : `0 … ${limit - 1}`}`,
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
