/**
 * Context-free grammars whose words are architectures (Schrodi et al., NeurIPS 2023). A production puts the
 * networks derived from its arguments on the edges of a topology, a small directed acyclic graph, or names a
 * primitive. The types here are plain values; `parse.ts` reads them from a grammar file.
 */
import { UsageError } from "../../common/errors.ts";

/** Merge rule: the function that joins the values of a node's incoming edges. */
export type Merge = "sum" | "stack" | "concat";

/** An edge of a topology. Its source is a node, or null where the production's next argument names it. */
export interface TopologyEdge {
  readonly from: number | null;
  readonly to: number;
  /** Index of the argument on this edge. */
  readonly argument: number;
}

/** A directed acyclic graph of nodes 1 … nodes; each edge leads to a node with a higher number. */
export interface Topology {
  readonly name: string;
  readonly nodes: number;
  /** Nodes that values enter at; the last node is the output. */
  readonly inputs: readonly number[];
  /** In argument order. */
  readonly edges: readonly TopologyEdge[];
  /** Number of arguments: one per edge, and one more per edge whose source is an argument. */
  readonly arity: number;
  /** Nodes that do not sum. A stacking node hands its inputs, in order, to the edge that leaves it. */
  readonly merges: ReadonlyMap<number, Merge>;
  /** Nodes whose values are joined in the output without an operation. */
  readonly joined: readonly number[];
  /** Nodes that are vertices of the graph that kernels see, with their labels. */
  readonly labels: ReadonlyMap<number, string>;
}

/** One right side of a rule. */
export interface Production {
  /** Topology or primitive. */
  readonly terminal: string;
  /** Non-terminals and primitives, one per argument of the topology; none for a primitive. */
  readonly arguments: readonly string[];
  /** Line in the grammar file, from 1. */
  readonly line: number;
}

/** A rule that productions of the arguments of one topology node obey together. */
export type Constraint =
  /** Edges that hold `without` count as absent; a path from input to output has to stay. */
  | { readonly kind: "path"; readonly without: string }
  /** The terminals at these two arguments differ. */
  | { readonly kind: "distinct"; readonly arguments: readonly [number, number] };

/** Frame in which the derived network is trained; `network.ts` builds it. */
export interface NetworkSection {
  /**
   * `classifier`: stem, network, head. `resnet20`: the network is an activation function of ResNet-20.
   * `cells`: the motifs are normal and reduction cells of a DARTS network.
   */
  readonly kind: "classifier" | "resnet20" | "cells";
  /** First layers: conv3x3 to the width of the network, then primitives. */
  readonly stem: readonly string[];
  /** Last layers: primitives, then average (over pixels) and linear. */
  readonly head: readonly string[];
}

/** A grammar that has passed all checks. */
export interface Grammar {
  readonly name: string;
  readonly summary: string;
  /** Derivation trees that make up an architecture: a name and a start symbol each. */
  readonly motifs: readonly { readonly name: string; readonly start: string }[];
  /** The fixed network around a motif: its start symbol, and the symbol that the motif replaces. */
  readonly macro: { readonly start: string; readonly shared: string } | null;
  /** Most nested non-terminals of a derivation; Infinity where no non-terminal derives itself. */
  readonly depth: number;
  readonly topologies: ReadonlyMap<string, Topology>;
  /** Productions by non-terminal, in the order of the file; equal ones are options of their own. */
  readonly productions: ReadonlyMap<string, readonly Production[]>;
  /** Constraints by topology. */
  readonly constraints: ReadonlyMap<string, readonly Constraint[]>;
  /** Fold levels that the hierarchical kernel compares. */
  readonly levels: readonly number[];
  readonly network: NetworkSection;
  /** Least number of nested non-terminals below each non-terminal, itself included. */
  readonly heights: ReadonlyMap<string, number>;
  /** Text of the grammar file. */
  readonly text: string;
}

/** A derivation, as an immutable tree of plain objects. */
export interface DerivationTree {
  /** Non-terminal derived here; null for a primitive that the production above names itself. */
  readonly symbol: string | null;
  /** Topology or primitive. */
  readonly terminal: string;
  /** One per argument of the topology; empty for a primitive. */
  readonly children: readonly DerivationTree[];
}

/** An architecture: one derivation tree per motif of the grammar, nearly always a single one. */
export type GrammarArch = readonly DerivationTree[];

/** The productions of a non-terminal. */
export function productionsOf(grammar: Grammar, symbol: string): readonly Production[] {
  const found = grammar.productions.get(symbol);
  if (found) return found;
  throw new UsageError(
    `Cannot derive ${JSON.stringify(symbol)} in grammar ${grammar.name}: it has no productions, ` +
      `expected one of ${[...grammar.productions.keys()].join(", ")}`,
  );
}

/** Whether a word of a production is a non-terminal. */
export const isNonTerminal = (grammar: Grammar, word: string): boolean =>
  grammar.productions.has(word);

/** Whether a derivation can take more than one production here. */
export const isSwappable = (grammar: Grammar, { symbol }: DerivationTree): boolean =>
  symbol !== null && productionsOf(grammar, symbol).length > 1;

/** All nodes of a tree in the order of its string. */
export function* nodesOf(tree: DerivationTree): Generator<DerivationTree> {
  yield tree;
  for (const child of tree.children) yield* nodesOf(child);
}
