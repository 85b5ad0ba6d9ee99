/** Reads topologies: edges in argument order, then clauses. */
import type { Topology, TopologyEdge } from "./grammar.ts";
import { grammarError, type Line, splitAtColon } from "./sections.ts";

/** Most nodes, and most edges, of a topology. */
const MOST = 30;

const NAME = /^[A-Za-z_]\w{0,60}$/;

/**
 * Reads `NAME: EDGE …; CLAUSE; …`. An edge is `1-2`, or `?-3` where the production's next argument names its
 * source. Clauses: `inputs 1 2`, `stack 4`, `concat 7 from 3 4`, `label add 3 4`.
 * @throws DataError naming the line.
 */
export function parseTopology({ text, line }: Line, grammar: string): Topology {
  const shape = "NAME: 1-2 1-3 …";
  const fail = (got: string, expected: string): never => {
    throw grammarError(grammar, line, got, expected);
  };
  const { key: name, value: right } = splitAtColon(text) ?? fail(JSON.stringify(text), shape);
  if (!NAME.test(name)) fail(JSON.stringify(text), shape);
  const [edgeText, ...clauses] = right.split(";").map((part) => part.trim());
  const nodeOf = (word: string): number =>
    /^\d+$/.test(word) && +word >= 1 && +word <= MOST
      ? +word
      : fail(JSON.stringify(word), `a node from 1 to ${MOST}`);
  let arity = 0;
  const edges = edgeText.split(/\s+/).map((word): TopologyEdge => {
    const [, from, to] = /^(\?|\d+)-(\d+)$/.exec(word) ?? fail(JSON.stringify(word), "an edge 1-2");
    const edge = { from: from === "?" ? null : nodeOf(from), to: nodeOf(to), argument: arity };
    if (edge.from !== null && edge.from >= edge.to) {
      fail(`edge ${word}`, "an edge to a node with a higher number");
    }
    arity += edge.from === null ? 2 : 1;
    return edge;
  });
  if (edges.length > MOST) fail(`${edges.length} edges`, `at most ${MOST}`);
  const topology = {
    name,
    edges,
    arity,
    inputs: [1],
    joined: [] as number[],
    merges: new Map(),
    labels: new Map(),
  };
  let nodes = Math.max(...edges.map(({ to }) => to));
  for (const clause of clauses) {
    const [word, ...rest] = clause.split(/\s+/);
    if (word === "inputs") topology.inputs = rest.map(nodeOf);
    else if (word === "stack") rest.forEach((node) => topology.merges.set(nodeOf(node), "stack"));
    else if (word === "label") {
      rest.slice(1).forEach((n) => topology.labels.set(nodeOf(n), rest[0]));
    } else if (word === "concat" && rest[1] === "from") {
      nodes = Math.max(nodes, nodeOf(rest[0]));
      topology.merges.set(nodeOf(rest[0]), "concat");
      topology.joined = rest.slice(2).map(nodeOf);
    } else fail(JSON.stringify(clause), "inputs, stack, label, or concat N from A B");
  }
  connected({ ...topology, nodes }, fail);
  return { ...topology, nodes };
}

/** Every inner node lies between others, so that no operation is lost by the topology itself. */
function connected(
  { nodes, edges, inputs, joined, merges, labels }: Topology,
  fail: (got: string, expected: string) => never,
): void {
  const leads = new Set([...edges.map(({ from }) => from), ...joined]);
  const reached = new Set([...edges.map(({ to }) => to), ...inputs]);
  const chosen = edges.some(({ from }) => from === null);
  for (let node = 1; node <= nodes; node++) {
    const output = node === nodes;
    if (!reached.has(node) && !(output && joined.length > 0)) {
      fail(`node ${node} without incoming edge`, "an edge to every node but the inputs");
    }
    if (!output && !leads.has(node) && !chosen) {
      fail(`node ${node} without outgoing edge`, "an edge from every node but the last");
    }
    if (inputs.includes(node) && edges.some(({ to }) => to === node)) {
      fail(`an edge to input node ${node}`, "inputs that only lead on");
    }
    const stacked = edges.filter(({ to }) => to === node).length;
    if (merges.get(node) === "stack" && stacked !== 2) {
      fail(`node ${node} stacks ${stacked} values`, "two");
    }
  }
  const named = [...merges.keys(), ...labels.keys(), ...inputs, ...joined];
  const beyond = named.find((node) => node > nodes);
  if (beyond !== undefined) fail(`node ${beyond}`, `nodes from 1 to ${nodes}`);
}
