/** The productions that constraints allow at one argument, given the terminals of the arguments beside it. */
import { UsageError } from "../../common/errors.ts";
import { heightOf } from "./heights.ts";
import { type Constraint, type Grammar, productionsOf, type Topology } from "./grammar.ts";

/** Terminals at the arguments of a topology node; undefined where none is chosen yet. */
export type Terminals = readonly (string | undefined)[];

/** Answers of `joins`, by the set of absent edges as bits. */
const paths = new WeakMap<Topology, Map<number, boolean>>();

/** Whether a path from an input to the output stays without these edges. */
export function joins(topology: Topology, absent: number): boolean {
  let known = paths.get(topology);
  if (!known) paths.set(topology, known = new Map());
  let answer = known.get(absent);
  if (answer === undefined) {
    const reached = new Set(topology.inputs);
    // Edges lead to nodes with higher numbers, so that one pass in order of their sources finds all.
    for (let node = 1; node <= topology.nodes; node++) {
      if (!reached.has(node)) continue;
      topology.edges.forEach(({ from, to }, e) => {
        if (from === node && (absent >> e & 1) === 0) reached.add(to);
      });
    }
    answer = reached.has(topology.nodes);
    known.set(absent, answer);
  }
  return answer;
}

/** Whether the terminals chosen so far obey a constraint. */
export function obeys(topology: Topology, constraint: Constraint, terminals: Terminals): boolean {
  if (constraint.kind === "distinct") {
    const [a, b] = constraint.arguments.map((i) => terminals[i]);
    return a === undefined || a !== b;
  }
  let absent = 0;
  topology.edges.forEach(({ argument }, e) => {
    if (terminals[argument] === constraint.without) absent |= 1 << e;
  });
  return joins(topology, absent);
}

/** The terminal that a constraint forbids at an argument, given those of the others; undefined for none. */
export function forbidden(
  topology: Topology,
  constraint: Constraint,
  terminals: Terminals,
  slot: number,
): string | undefined {
  if (constraint.kind === "distinct") {
    const [a, b] = constraint.arguments;
    return slot === a ? terminals[b] : slot === b ? terminals[a] : undefined;
  }
  let absent = 0;
  topology.edges.forEach(({ argument }, e) => {
    if (argument === slot || terminals[argument] === constraint.without) absent |= 1 << e;
  });
  return joins(topology, absent) ? undefined : constraint.without;
}

/** A topology node, and the argument of it that is derived. */
export interface Parent {
  readonly topology: Topology;
  /** Terminals of its arguments; what stands at `slot` is ignored. */
  readonly terminals: Terminals;
  readonly slot: number;
}

/**
 * The productions allowed for an argument; null where all are.
 * @param parent null for the root of a tree.
 * @param level number of non-terminals above.
 */
export function maskOf(
  grammar: Grammar,
  symbol: string,
  parent: Parent | null,
  level: number,
): boolean[] | null {
  const { productions, heights, depth } = grammar;
  const excluded = new Set<string | undefined>();
  if (parent) {
    const { topology, terminals, slot } = parent;
    for (const constraint of grammar.constraints.get(topology.name) ?? []) {
      excluded.add(forbidden(topology, constraint, terminals, slot));
    }
    excluded.delete(undefined);
  }
  if (excluded.size === 0 && depth === Infinity) return null;
  const mask = productionsOf(grammar, symbol).map((production) =>
    !excluded.has(production.terminal) &&
    level + 1 + heightOf(production, productions, heights) <= depth
  );
  if (!mask.includes(true)) {
    throw new UsageError(
      `Cannot derive ${symbol} in grammar ${grammar.name}: constraints and depth leave none of its ` +
        `productions, expected one; try a larger depth`,
    );
  }
  return mask.includes(false) ? mask : null;
}
