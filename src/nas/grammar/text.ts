/**
 * Derivation trees as text: s-expressions `(CELL Cell (OPS id) …)`, which identify an architecture, and
 * algebraic terms `Cell(id, …)`, which leave out the non-terminals.
 */
import { UsageError } from "../../common/errors.ts";
import type { DerivationTree, Grammar, GrammarArch } from "./grammar.ts";
import { equal } from "./variation.ts";
import { type RawNode, readNodes } from "./reader.ts";
import { wordOf } from "./words.ts";

/** A tree as an s-expression with single spaces. */
export function formatTree({ symbol, terminal, children }: DerivationTree): string {
  if (symbol === null) return terminal;
  const parts = [symbol, terminal, ...children.map(formatTree)];
  return `(${parts.join(" ")})`;
}

/** An architecture as s-expressions, with the names of its motifs where there are several. */
export const formatArch = (grammar: Grammar, arch: GrammarArch): string =>
  grammar.motifs.map(({ name }, m) => (name === "" ? "" : `${name}: `) + formatTree(arch[m]))
    .join("; ");

/** A tree as a term. @param shared symbol that stands for a motif, and the motif's term. */
function termOf({ terminal, children }: DerivationTree, shared?: { symbol: string; term: string }) {
  const inner = (tree: DerivationTree): string => {
    if (tree.terminal === shared?.symbol) return shared.term;
    if (tree.children.length === 0) return tree.terminal;
    return `${tree.terminal}(${tree.children.map(inner).join(", ")})`;
  };
  return inner({ symbol: null, terminal, children });
}

/** An architecture as a term; a motif is put into its fixed network. */
export function formatTerm(grammar: Grammar, arch: GrammarArch): string {
  const { macro, motifs } = grammar;
  if (macro) {
    const [motif] = arch;
    return termOf(macroTree(grammar), { symbol: macro.shared, term: termOf(motif) });
  }
  return motifs.map(({ name }, m) => (name === "" ? "" : `${name}: `) + termOf(arch[m])).join("; ");
}

/** The fixed derivation around a motif. Where a rule has several productions, the first one is taken. */
export function macroTree({ macro, productions }: Grammar): DerivationTree {
  const one = (word: string): DerivationTree => {
    const production = productions.get(word)?.[0];
    if (!production) return { symbol: null, terminal: word, children: [] };
    const { terminal, arguments: words } = production;
    return { symbol: word, terminal, children: words.map(one) };
  };
  return one(macro!.start);
}

/**
 * Reads an architecture as s-expressions or as terms.
 * @throws UsageError naming the node and what was expected there.
 */
export function parseArch(grammar: Grammar, text: string): GrammarArch {
  const parts = text.split(";").map((part) => part.trim()).filter(Boolean);
  const { motifs } = grammar;
  if (parts.length !== motifs.length) {
    throw cannot(grammar, `got ${parts.length} trees, expected ${motifs.length}`);
  }
  return motifs.map(({ name, start }, m) => {
    const named = /^(\w+):\s*/.exec(parts[m]);
    if (named && named[1] !== name) {
      throw cannot(grammar, `got ${named[1]}: for tree ${m + 1}, expected ${name || "no name"}`);
    }
    const raw = readNodes(parts[m].slice(named?.[0].length ?? 0), (why) => cannot(grammar, why));
    const { macro, productions } = grammar;
    const whole = macro && raw.symbol === undefined &&
      productions.get(macro.start)!.some(({ terminal }) => terminal === raw.terminal);
    return whole ? motifOf(grammar, start, raw) : wordOf(grammar, start, raw);
  });
}

/** The motif in the term of a whole network: the same at each of its places. */
function motifOf(grammar: Grammar, start: string, raw: RawNode): DerivationTree {
  const { macro } = grammar;
  const places: RawNode[] = [];
  wordOf(grammar, macro!.start, raw, {
    symbol: macro!.shared,
    found: (node) => places.push(node),
  });
  const [first, ...others] = places.map((node) => wordOf(grammar, start, node));
  const other = others.findIndex((tree) => !equal(tree, first));
  if (other < 0) return first;
  throw cannot(
    grammar,
    `${start} number ${other + 2} (character ${
      places[other + 1].at
    }): got another than the first, ` +
      `expected the same everywhere`,
  );
}

const cannot = ({ name }: Grammar, why: string) =>
  new UsageError(`Cannot read ${name} architecture: ${why}`);
