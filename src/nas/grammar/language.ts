/** Number of derivation trees of a grammar, exactly. */
import { UsageError } from "../../common/errors.ts";
import { heightOf } from "./check.ts";
import { type Grammar, type Production, productionsOf } from "./grammar.ts";
import { obeys } from "./masks.ts";

export interface CountOptions {
  /** Count equal productions once. */
  distinct?: boolean;
  /** Leave out words that break a constraint. */
  constrained?: boolean;
}

/** Most combinations of terminals that are looked through for one topology. */
const MOST_COMBINATIONS = 1_000_000;

/** Number of derivation trees from a symbol. */
export function countTrees(grammar: Grammar, symbol: string, options: CountOptions = {}): bigint {
  const { distinct = false, constrained = false } = options;
  const known = new Map<string, bigint>();
  const bounded = grammar.depth !== Infinity;
  const count = (word: string, level: number): bigint => {
    if (!grammar.productions.has(word)) return 1n;
    const key = bounded ? `${level} ${word}` : word;
    let total = known.get(key);
    if (total === undefined) {
      total = optionsOf(word, level).reduce((sum, option) => sum + ofOption(option, level + 1), 0n);
      known.set(key, total);
    }
    return total;
  };
  const optionsOf = (word: string, level: number): Production[] => {
    const { productions, heights, depth } = grammar;
    const fitting = productionsOf(grammar, word)
      .filter((p) => level + 1 + heightOf(p, productions, heights) <= depth);
    if (!distinct) return fitting;
    return [...new Map(fitting.map((p) => [[p.terminal, ...p.arguments].join(" "), p])).values()];
  };
  const ofOption = ({ terminal, arguments: words }: Production, level: number): bigint => {
    const topology = grammar.topologies.get(terminal);
    const constraints = (constrained && grammar.constraints.get(terminal)) || [];
    if (!topology || constraints.length === 0) {
      return words.reduce((product, word) => product * count(word, level), 1n);
    }
    // What a constraint tells apart: per argument, the ways to get each terminal that it looks at.
    const groups = words.map((word, slot) => {
      const ways = new Map<string, bigint>();
      const separate = constraints.some((c) => c.kind === "distinct" && c.arguments.includes(slot));
      const absent = constraints.flatMap((c) => c.kind === "path" ? [c.without] : []);
      const given = grammar.productions.has(word)
        ? optionsOf(word, level).map((p) => [p.terminal, ofOption(p, level + 1)] as const)
        : [[word, 1n] as const];
      for (const [name, n] of given) {
        const group = separate || absent.includes(name) ? name : "";
        ways.set(group, (ways.get(group) ?? 0n) + n);
      }
      return [...ways];
    });
    const combinations = groups.reduce((product, { length }) => product * length, 1);
    if (combinations > MOST_COMBINATIONS) {
      throw new UsageError(
        `Cannot count the trees of grammar ${grammar.name}: ${terminal} has ${combinations} ` +
          `combinations, expected at most ${MOST_COMBINATIONS}`,
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
  };
  return count(symbol, 0);
}

/** Number of architectures: the product over the motifs. */
export const countArchs = (grammar: Grammar, options: CountOptions = {}): bigint =>
  grammar.motifs.reduce((n, { start }) => n * countTrees(grammar, start, options), 1n);

/** log10 of a positive whole number of any size. */
export function log10(n: bigint): number {
  const digits = n.toString();
  return digits.length - 1 + Math.log10(Number(`${digits[0]}.${digits.slice(1, 17)}`));
}
