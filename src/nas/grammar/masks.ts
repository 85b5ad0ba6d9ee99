/** The productions that constraints allow at one argument, given the terminals of the arguments beside it. */
import { heightOf } from "./check.ts";
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

/**
 * The productions allowed for an argument; null where all are.
 * @param terminals of the other arguments of the topology node; what stands at `slot` is ignored.
 * @param level number of non-terminals above.
 */
export function maskOf(
  grammar: Grammar,
  symbol: string,
  parent: { topology: Topology; terminals: Terminals; slot: number } | null,
  level: number,
): boolean[] | null {
  const options = productionsOf(grammar, symbol);
  const constraints = parent ? grammar.constraints.get(parent.topology.name) : undefined;
  const bounded = grammar.depth !== Infinity;
  if (!constraints && !bounded) return null;
  const terminals = parent ? [...parent.terminals] : [];
  let restricted = false;
  const mask = options.map((production) => {
    const { productions, heights, depth } = grammar;
    let fits = !bounded || level + 1 + heightOf(production, productions, heights) <= depth;
    if (fits && parent && constraints) {
      terminals[parent.slot] = production.terminal;
      fits = constraints.every((constraint) => obeys(parent.topology, constraint, terminals));
    }
    restricted ||= !fits;
    return fits;
  });
  return restricted ? mask : null;
}
