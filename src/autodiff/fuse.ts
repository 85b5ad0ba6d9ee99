/** Ops that one kernel can do together: decided when a tape is scheduled, since only then all readers are known. */
import type { Node, Value } from "./tape.ts";

export interface Fused {
  /** In an order in which they can run. */
  nodes: Node[];
  /** By a node whose value others read, the one that computes it instead. */
  replaced: Map<Node, Node>;
}

/**
 * Sums become part of the op that made one of their terms, where it knows how (`plus`) and nobody else reads that term.
 * @param nodes in the order of the tape, all needed. @param wanted values that are read from outside.
 */
export function fuse(nodes: readonly Node[], wanted: readonly Value[]): Fused {
  const replaced = new Map<Node, Node>();
  const sums = nodes.filter(({ op }) => op.sums);
  if (sums.length === 0) return { nodes: [...nodes], replaced };
  const readers = countReaders(nodes, wanted);
  const gone = new Set<Node>();
  for (const sum of sums) {
    // The later term first: what it is made from was written last.
    const terms = [sum.inputs[1], sum.inputs[0]];
    const k = terms.findIndex((v, i) => takesPart(v, readers) && isWhole(terms[1 - i]));
    if (k < 0) continue;
    const { node } = terms[k].source as { node: Node };
    const [first, ...rest] = node.inputs;
    gone.add(node);
    replaced.set(sum, {
      ...node,
      op: node.op.plus!,
      inputs: [first, terms[1 - k], ...rest],
      place: sum.place,
      index: sum.index,
    });
  }
  return {
    nodes: nodes.filter((node) => !gone.has(node)).map((node) => replaced.get(node) ?? node),
    replaced,
  };
}

function takesPart(value: Value, readers: ReadonlyMap<Node, number>): boolean {
  const { source } = value;
  return source.kind === "node" && source.out === 0 && source.node.op.plus !== undefined &&
    readers.get(source.node) === 1 && isWhole(value);
}

/** A result as its op made it: not another shape of it, nor something from outside that lies anywhere. */
const isWhole = ({ source, shape }: Value): boolean =>
  source.kind === "node" && source.node.out[source.out] === shape;

function countReaders(nodes: readonly Node[], wanted: readonly Value[]): Map<Node, number> {
  const readers = new Map<Node, number>();
  const note = ({ source }: Value) => {
    if (source.kind === "node") readers.set(source.node, (readers.get(source.node) ?? 0) + 1);
  };
  wanted.forEach(note);
  for (const { inputs } of nodes) inputs.forEach(note);
  return readers;
}
