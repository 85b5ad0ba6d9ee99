/** Number of derivation trees of a grammar, exactly. */
import { UsageError } from "../../common/errors.ts";
import { heightOf } from "./heights.ts";
import { type Constraint, type Grammar, type Production, productionsOf } from "./grammar.ts";
import { obeys } from "./masks.ts";

export interface CountOptions {
  /** Count equal productions once. */
  distinct?: boolean;
  /** Leave out words that break a constraint. */
  constrained?: boolean;
}

/** Most combinations of terminals that are looked through for all topologies together. */
const MOST_COMBINATIONS = 1_000_000;

/** Largest count: a recursive grammar has doubly as many digits a level deeper. */
const MOST_DIGITS = 20_000;
const MOST_TREES = 10n ** BigInt(MOST_DIGITS);

/** Number of derivation trees from a symbol. */
export const countTrees = (grammar: Grammar, symbol: string, options: CountOptions = {}): bigint =>
  new Counter(grammar, options).trees(symbol, 0);

/** Number of architectures: the product over the motifs. */
export const countArchs = (grammar: Grammar, options: CountOptions = {}): bigint =>
  grammar.motifs.reduce((n, { start }) => n * countTrees(grammar, start, options), 1n);

/** log10 of a positive whole number of any size. */
export function log10(n: bigint): number {
  const digits = n.toString();
  return digits.length - 1 + Math.log10(Number(`${digits[0]}.${digits.slice(1, 17)}`));
}

class Counter {
  /** Counts by symbol; with a bound on the depth also by level. */
  readonly #known = new Map<string, bigint>();
  #combinations = 0;

  constructor(private readonly grammar: Grammar, private readonly options: CountOptions) {}

  /** @param level number of non-terminals above. */
  trees(word: string, level: number): bigint {
    const { productions, depth } = this.grammar;
    if (!productions.has(word)) return 1n;
    const key = depth === Infinity ? word : `${level} ${word}`;
    let total = this.#known.get(key);
    if (total === undefined) {
      total = this.#optionsOf(word, level)
        .reduce((sum, option) => sum + this.#ofOption(option, level + 1), 0n);
      if (total > MOST_TREES) {
        throw new UsageError(
          `Cannot count the trees of grammar ${this.grammar.name}: got more than 10^${MOST_DIGITS}, ` +
            "expected fewer; try a smaller depth",
        );
      }
      this.#known.set(key, total);
    }
    return total;
  }

  #optionsOf(word: string, level: number): Production[] {
    const { productions, heights, depth } = this.grammar;
    const fitting = productionsOf(this.grammar, word)
      .filter((p) => level + 1 + heightOf(p, productions, heights) <= depth);
    if (!this.options.distinct) return fitting;
    return [...new Map(fitting.map((p) => [[p.terminal, ...p.arguments].join(" "), p])).values()];
  }

  #ofOption({ terminal, arguments: words }: Production, level: number): bigint {
    const constraints = this.options.constrained
      ? this.grammar.constraints.get(terminal)
      : undefined;
    return constraints
      ? this.#ofConstrained(terminal, words, constraints, level)
      : words.reduce((product, word) => product * this.trees(word, level), 1n);
  }

  /** Sum over what the constraints tell apart: the terminals at the arguments. */
  #ofConstrained(
    terminal: string,
    words: readonly string[],
    constraints: readonly Constraint[],
    level: number,
  ): bigint {
    const topology = this.grammar.topologies.get(terminal)!;
    const groups = words.map((word, slot) => this.#groups(word, slot, constraints, level));
    this.#combinations += groups.reduce((product, { length }) => product * length, 1);
    if (this.#combinations > MOST_COMBINATIONS) {
      throw new UsageError(
        `Cannot count the trees of grammar ${this.grammar.name}: its topologies up to ${terminal} have ` +
          `${this.#combinations} combinations, expected at most ${MOST_COMBINATIONS}`,
      );
    }
    const chosen: string[] = [];
    const sum = (slot: number): bigint => {
      if (slot === groups.length) {
        return constraints.every((c) => obeys(topology, c, chosen)) ? 1n : 0n;
      }
      return groups[slot].reduce((total, [name, n]) => {
        chosen[slot] = name;
        return total + n * sum(slot + 1);
      }, 0n);
    };
    return sum(0);
  }

  /** Ways to derive an argument, by the terminals that a constraint looks at; all others are one group. */
  #groups(
    word: string,
    slot: number,
    constraints: readonly Constraint[],
    level: number,
  ): [string, bigint][] {
    const apart = constraints.some((c) => c.kind === "distinct" && c.arguments.includes(slot));
    const absent = constraints.flatMap((c) => c.kind === "path" ? [c.without] : []);
    const ways = new Map<string, bigint>();
    const given: [string, bigint][] = this.grammar.productions.has(word)
      ? this.#optionsOf(word, level).map((p) => [p.terminal, this.#ofOption(p, level + 1)])
      : [[word, 1n]];
    for (const [name, n] of given) {
      const group = apart || absent.includes(name) ? name : "";
      ways.set(group, (ways.get(group) ?? 0n) + n);
    }
    return [...ways];
  }
}
