/** Checks whether text is a word of a grammar's language, and finds its derivation. */
import { UsageError } from "../../common/errors.ts";
import { type DerivationTree, type Grammar, type Production, productionsOf } from "./grammar.ts";
import { obeys } from "./masks.ts";
import type { RawNode } from "./reader.ts";

/** A symbol whose nodes are not looked into, and what receives them. */
export interface SharedNodes {
  readonly symbol: string;
  found(node: RawNode): void;
}

/**
 * The derivation of a node from a symbol. In a term, where productions can share a topology, the first one that
 * derives everything below is taken.
 * @throws UsageError naming the node and what was expected there.
 */
export function wordOf(
  grammar: Grammar,
  start: string,
  root: RawNode,
  shared?: SharedNodes,
): DerivationTree {
  const reader = new WordReader(grammar, shared);
  const tree = reader.derived(start, { raw: root, path: start, level: 0 });
  if (tree) return tree;
  const { at: { raw, path }, got, expected } = reader.furthest!;
  throw new UsageError(
    `Cannot read ${grammar.name} architecture: at ${path} (character ${raw.at}): got ${got}, ` +
      `expected ${expected}`,
  );
}

/** A node of the text with its place in the tree. */
interface Place {
  readonly raw: RawNode;
  readonly path: string;
  /** Number of non-terminals above. */
  readonly level: number;
}

class WordReader {
  /** The failure furthest in the text, which says best what is wrong. */
  furthest: { at: Place; got: string; expected: string } | null = null;
  /** Results by node and symbol, so that alternatives do not read a subtree twice. */
  readonly #known = new Map<RawNode, Map<string, DerivationTree | null>>();

  constructor(private readonly grammar: Grammar, private readonly shared?: SharedNodes) {}

  /** The derivation of a node from a symbol, or null. */
  derived(word: string, at: Place): DerivationTree | null {
    let bySymbol = this.#known.get(at.raw);
    if (!bySymbol) this.#known.set(at.raw, bySymbol = new Map());
    let found = bySymbol.get(word);
    if (found === undefined) bySymbol.set(word, found = this.#attempt(word, at));
    return found;
  }

  #attempt(word: string, at: Place): DerivationTree | null {
    const { raw, level } = at;
    if (word === this.shared?.symbol) {
      this.shared.found(raw);
      return { symbol: null, terminal: word, children: [] };
    }
    if (!this.grammar.productions.has(word)) {
      return raw.symbol === undefined && raw.terminal === word && raw.children.length === 0
        ? { symbol: null, terminal: word, children: [] }
        : this.#fail(at, word);
    }
    if (raw.symbol !== undefined && raw.symbol !== word) return this.#fail(at, `(${word} …)`);
    if (level + 1 > this.grammar.depth) {
      return this.#fail(at, `at most ${this.grammar.depth} nested non-terminals`);
    }
    const options = productionsOf(this.grammar, word);
    for (const { terminal, arguments: words } of options) {
      if (terminal !== raw.terminal || words.length !== raw.children.length) continue;
      const children = this.#children(words, at);
      if (children) return this.#checked({ symbol: word, terminal, children }, at);
    }
    return this.#fail(at, [...new Set(options.map(written))].join(" | "));
  }

  #children(words: readonly string[], { raw, path, level }: Place): DerivationTree[] | null {
    const children: DerivationTree[] = [];
    for (const [i, word] of words.entries()) {
      const at = { raw: raw.children[i], path: `${path}/${i}:${word}`, level: level + 1 };
      const child = this.derived(word, at);
      if (!child) return null;
      children.push(child);
    }
    return children;
  }

  /** A node whose arguments obey the constraints of its topology. */
  #checked(tree: DerivationTree, at: Place): DerivationTree | null {
    const topology = this.grammar.topologies.get(tree.terminal);
    if (!topology) return tree;
    const terminals = tree.children.map(({ terminal }) => terminal);
    const broken = this.grammar.constraints.get(topology.name)
      ?.find((constraint) => !obeys(topology, constraint, terminals));
    if (!broken) return tree;
    if (broken.kind === "path") {
      const got = `no path through it without ${broken.without}`;
      return this.#fail(at, "one from input to output", got);
    }
    const pair = broken.arguments.map((a) => a + 1).join(" and ");
    return this.#fail(at, "two different", `equal arguments ${pair}`);
  }

  #fail(at: Place, expected: string, got = shown(at.raw)): null {
    if (!this.furthest || at.raw.at > this.furthest.at.raw.at) {
      this.furthest = { at, got, expected };
    }
    return null;
  }
}

const written = ({ terminal, arguments: words }: Production) => [terminal, ...words].join(" ");

function shown({ symbol, terminal, children }: RawNode): string {
  const inner = [terminal, ...children.map((c) => c.symbol ?? c.terminal)].join(" ");
  return symbol === undefined ? inner : `(${symbol} ${inner})`;
}
