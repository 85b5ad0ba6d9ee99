/** Decisions that are a fixed list: walking, checking, and their variation operators. */
import { UsageError } from "../../common/errors.ts";
import type { Rng } from "../../common/random.ts";
import type { Cursor, Decision, SearchSpace } from "../space.ts";
import { allowed } from "../decisions.ts";
import { inputLabels } from "./cell_graph.ts";

/**
 * Number of options allowed at a position: 0 … limit − 1.
 * @param later whether later choices restrict the options too, or only earlier ones.
 */
export type Limit = (choice: readonly number[], at: number, later: boolean) => number;

/** Options allowed at a position, given the choices before it. Null: all options within the limit. */
export type MaskAt = (choice: readonly number[], at: number) => boolean[] | null;

/**
 * Skip decisions of a layer in a chain: whether it reads each output before its predecessor's, from the stem
 * on.
 */
export function skipDecisions(layer: number): Decision[] {
  return Array.from({ length: layer }, (_, j) => ({
    id: `layer${layer}/skip${j}`,
    name: `layer ${layer}, skip from ${j === 0 ? "the stem" : `layer ${j - 1}`}`,
    kind: "skip",
    node: layer,
    options: 2,
    labels: ["no", "yes"],
  }));
}

/** Decisions of a normal and a reduction cell: input and operation of both sides of every block. */
export function cellDecisions(
  blocks: number,
  word: "block" | "node",
  labels: readonly string[],
): Decision[] {
  return ["normal", "reduction"].flatMap((cell, c) =>
    Array.from({ length: blocks }, (_, b) =>
      ["first", "second"].flatMap((side): Decision[] => {
        // Nodes count from the cell's two inputs, blocks from 0.
        const number = word === "node" ? b + 2 : b;
        const name = `${cell} cell, ${word} ${number}, ${side}`;
        const id = `${cell}/${word}${number}/${side}`;
        const node = c * blocks + b;
        return [
          {
            id: `${id}/input`,
            node,
            name: `${name} input`,
            kind: "input",
            options: b + 2,
            labels: inputLabels(b + 2),
          },
          {
            id: `${id}/op`,
            node,
            name: `${name} operation`,
            kind: "op",
            options: labels.length,
            labels,
          },
        ];
      })).flat()
  );
}

/** Fixed sequence of decisions. A space delegates cursors, checks and variation of its choices to it. */
export class DecisionList {
  /**
   * @param space its name, for messages.
   * @param limit number of allowed options, given other choices. Default: all options.
   */
  constructor(
    private readonly space: string,
    readonly decisions: readonly Decision[],
    private readonly limit: Limit = (_, at) => decisions[at].options,
  ) {}

  /** `SearchSpace.start`. */
  start(mask?: MaskAt): Cursor {
    return this.#cursor([], 0, mask);
  }

  /** Successors share one array of choices: it is copied only for a second choice at the same position. */
  #cursor(choice: number[], at: number, mask: MaskAt | undefined): Cursor {
    const decision = this.#decision(choice, at, mask);
    return {
      decision,
      choose: (option) => {
        if (decision === null) this.#wrongLength(at + 1);
        this.#checkOption(choice, at, option);
        if (decision.mask?.[option] === false) {
          this.#refuse(at, option, allowed(decision).join(", "));
        }
        const own = choice.length === at ? choice : choice.slice(0, at);
        own.push(option);
        return this.#cursor(own, at + 1, mask);
      },
    };
  }

  #decision(choice: readonly number[], at: number, mask: MaskAt | undefined): Decision | null {
    if (at === this.decisions.length) return null;
    const decision = this.decisions[at];
    const masked = mask?.(choice, at);
    if (masked) return { ...decision, mask: masked };
    const limit = this.limit(choice, at, false);
    if (limit === decision.options) return decision;
    return { ...decision, mask: Array.from({ length: decision.options }, (_, o) => o < limit) };
  }

  /** Throws a UsageError, naming the decision, unless these choices are complete and allowed. */
  check(choice: readonly number[]): void {
    if (choice.length !== this.decisions.length) this.#wrongLength(choice.length);
    choice.forEach((option, at) => this.#checkOption(choice, at, option));
  }

  /** A copy of the choices in which one is sampled again and differs. */
  mutate(choice: readonly number[], rng: Rng): number[] {
    const limits = this.decisions.map((_, i) => this.limit(choice, i, true));
    const at = rng.pick(limits.flatMap((limit, i) => limit > 1 ? [i] : []));
    const other = rng.below(limits[at] - 1);
    return choice.with(at, other < choice[at] ? other : other + 1);
  }

  /** Every list of choices that differs in one position. */
  neighbours(choice: readonly number[]): number[][] {
    return this.decisions.flatMap((_, at) =>
      Array.from({ length: this.limit(choice, at, true) }, (_, o) => o)
        .filter((o) => o !== choice[at])
        .map((o) => choice.with(at, o))
    );
  }

  /** Variation operators of a space with these decisions, for evolution and local search. */
  variation<A>(
    encode: (arch: A) => number[],
    decode: (choice: readonly number[]) => A,
  ): Required<Pick<SearchSpace<A>, "mutate" | "neighbours" | "crossover">> {
    return {
      mutate: (arch, rng) => decode(this.mutate(encode(arch), rng)),
      neighbours: (arch) => this.neighbours(encode(arch)).map(decode),
      crossover: (a, b, rng) => [decode(this.crossover(encode(a), encode(b), rng))],
    };
  }

  /** Uniform crossover: all decisions of a node (a layer, a block) come from the same parent. */
  crossover(a: readonly number[], b: readonly number[], rng: Rng): number[] {
    const fromA = new Map<number, boolean>();
    return this.decisions.map(({ node }, i) => {
      if (!fromA.has(node)) fromA.set(node, rng.next() < 0.5);
      return fromA.get(node) ? a[i] : b[i];
    });
  }

  #checkOption(choice: readonly number[], at: number, option: number): void {
    const limit = this.limit(choice, at, false);
    if (Number.isInteger(option) && option >= 0 && option < limit) return;
    this.#refuse(at, option, limit === 1 ? "0" : `0 … ${limit - 1}`);
  }

  #refuse(at: number, option: number, expected: string): never {
    const { name } = this.decisions[at];
    throw new UsageError(
      `Cannot decode ${this.space} architecture: ${name}: got ${option}, expected ${expected}`,
    );
  }

  #wrongLength(got: number): never {
    throw new UsageError(
      `Cannot decode ${this.space} architecture: got ${got} choices, expected ` +
        `${this.decisions.length}; the number of layers or blocks may be another`,
    );
  }
}
