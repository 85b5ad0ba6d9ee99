/** Checks whether text is a word of a grammar's language, and finds its derivation. */
import { UsageError } from "../../common/errors.ts";
import { type DerivationTree, type Grammar, type Production, productionsOf } from "./grammar.ts";
import { obeys } from "./masks.ts";
import type { RawNode } from "./reader.ts";

/** A failure to derive a node; the one furthest in the text says best what is wrong. */
interface Failure {
  at: number;
  path: string;
  got: string;
  expected: string;
}

/**
 * The derivation of a node from a symbol. In a term, where productions can share a topology, the first one that
 * derives everything below is taken.
 * @param shared symbol whose nodes are not looked into, and what receives them.
 * @throws UsageError naming the node and what was expected there.
 */
export function wordOf(
  grammar: Grammar,
  start: string,
  root: RawNode,
  shared?: { symbol: string; found: (node: RawNode) => void },
): DerivationTree {
  let furthest: Failure | null = null;
  const fail = (raw: RawNode, path: string, got: string, expected: string): null => {
    if (!furthest || raw.at > furthest.at) furthest = { at: raw.at, path, got, expected };
    return null;
  };
  const known = new Map<RawNode, Map<string, DerivationTree | null>>();
  const derived = (word: string, raw: RawNode, path: string, level: number) => {
    let bySymbol = known.get(raw);
    if (!bySymbol) known.set(raw, bySymbol = new Map());
    let found = bySymbol.get(word);
    if (found === undefined) bySymbol.set(word, found = attempt(word, raw, path, level));
    return found;
  };
  const attempt = (
    word: string,
    raw: RawNode,
    path: string,
    level: number,
  ): DerivationTree | null => {
    if (word === shared?.symbol) {
      shared.found(raw);
      return { symbol: null, terminal: word, children: [] };
    }
    if (!grammar.productions.has(word)) {
      return raw.symbol === undefined && raw.terminal === word && raw.children.length === 0
        ? { symbol: null, terminal: word, children: [] }
        : fail(raw, path, shown(raw), word);
    }
    if (raw.symbol !== undefined && raw.symbol !== word) {
      return fail(raw, path, shown(raw), `(${word} …)`);
    }
    const options = productionsOf(grammar, word);
    if (level + 1 > grammar.depth) {
      return fail(raw, path, shown(raw), `at most ${grammar.depth} nested non-terminals`);
    }
    for (const option of options) {
      if (option.terminal !== raw.terminal) continue;
      if (option.arguments.length !== raw.children.length) continue;
      const children = childrenOf(option, raw, path, level);
      if (children) {
        return checked({ symbol: word, terminal: option.terminal, children }, raw, path);
      }
    }
    const sides = [...new Set(options.map(written))].join(" | ");
    return fail(raw, path, shown(raw), sides);
  };
  const childrenOf = (option: Production, raw: RawNode, path: string, level: number) => {
    const children: DerivationTree[] = [];
    for (const [i, argument] of option.arguments.entries()) {
      const child = derived(argument, raw.children[i], `${path}/${i}:${argument}`, level + 1);
      if (!child) return null;
      children.push(child);
    }
    return children;
  };
  const checked = (tree: DerivationTree, raw: RawNode, path: string) => {
    const topology = grammar.topologies.get(tree.terminal);
    const terminals = tree.children.map(({ terminal }) => terminal);
    for (const constraint of topology ? grammar.constraints.get(topology.name) ?? [] : []) {
      if (obeys(topology!, constraint, terminals)) continue;
      const what = constraint.kind === "path"
        ? [`no path through it without ${constraint.without}`, "one from input to output"]
        : [
          `equal arguments ${constraint.arguments.map((a) => a + 1).join(" and ")}`,
          "two different",
        ];
      return fail(raw, path, what[0], what[1]);
    }
    return tree;
  };
  const tree = derived(start, root, start, 0);
  if (tree) return tree;
  const { at, path, got, expected } = furthest!;
  throw new UsageError(
    `Cannot read ${grammar.name} architecture: at ${path} (character ${at}): got ${got}, ` +
      `expected ${expected}`,
  );
}

const written = ({ terminal, arguments: words }: Production) => [terminal, ...words].join(" ");

function shown({ symbol, terminal, children }: RawNode): string {
  const inner = [terminal, ...children.map((c) => c.symbol ?? c.terminal)].join(" ");
  return symbol === undefined ? inner : `(${symbol} ${inner})`;
}
