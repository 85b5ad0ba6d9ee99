/**
 * Ops that one kernel can do together: decided when a tape is scheduled, since only then all readers are known.
 * Ops declare what they absorb; networks say `conv(relu(x))` and `add(norm(x), y)`.
 */
import type { Node, Value } from "./tape.ts";

export interface Fused {
  /** In an order in which they can run. */
  nodes: Node[];
  /** By a node whose value others read, the one that computes it instead. */
  replaced: Map<Node, Node>;
}

/**
 * The nodes of a tape as they are computed: each ReLU and each sum that a neighbour absorbs is part of it.
 * @param nodes in the order of the tape, all needed. @param wanted values that are read from outside.
 */
export function fuse(nodes: readonly Node[], wanted: readonly Value[]): Fused {
  return absorbSums(absorbRelus(nodes, wanted), wanted);
}

/**
 * A ReLU becomes part of the op that made its input, where it knows how and nobody else reads that, or of all ops
 * that read it, where all of them know how. If both can, the op of the ReLU's own scope does.
 */
export function absorbRelus(nodes: readonly Node[], wanted: readonly Value[]): Fused {
  const relus = nodes.filter(({ op }) => op.role === "relu");
  const replaced = new Map<Node, Node>();
  if (relus.length === 0) return { nodes: [...nodes], replaced };
  const readers = readersOf(nodes, wanted);
  const toMaker = relus.filter((relu) => makerOf(relu, readers));
  const owned = toMaker.filter((relu) => makerOf(relu, readers)!.scope === relu.scope);
  const toReaders = takenByReaders(relus.filter((relu) => !owned.includes(relu)), readers);
  const gone = new Set<Node>(toReaders), reluOf = new Map<Node, Node>();
  for (const relu of toMaker) {
    if (toReaders.has(relu)) continue;
    const maker = makerOf(relu, readers)!;
    const params = maker.op.absorbs!.reluOfOutput!(maker.params);
    replaced.set(relu, { ...maker, params, index: relu.index });
    gone.add(maker);
    reluOf.set(maker, relu);
  }
  for (const node of nodes) {
    if (!absorbsRelus(node, toReaders)) continue;
    const { at, params } = node.op.absorbs!.reluOfInputs!;
    const taken = at(node.inputs.length);
    const inputs = node.inputs.map((v, i) =>
      taken.includes(i) ? { ...sourceNode(v)!.inputs[0], shape: v.shape } : v
    );
    // A ReLU of the node's own value may stand for it already.
    const key = reluOf.get(node) ?? node, now = replaced.get(key) ?? node;
    replaced.set(key, { ...now, inputs, params: params(now.params) });
  }
  const kept = nodes.filter((node) => !gone.has(node)).map((node) => replaced.get(node) ?? node);
  return { nodes: kept, replaced };
}

/** The op that could give its value through this ReLU: nobody else reads it. */
function makerOf(relu: Node, readers: Readers): Node | null {
  const [x] = relu.inputs, maker = sourceNode(x);
  if (!maker?.op.absorbs?.reluOfOutput || !isWhole(x)) return null;
  return (x.source as { out: number }).out === 0 && readers.get(maker)!.length === 1 ? maker : null;
}

/** Those ReLUs that all their readers take, together with all others that these read. */
function takenByReaders(relus: readonly Node[], readers: Readers): Set<Node> {
  const taken = new Set(relus);
  for (let before = -1; before !== taken.size;) {
    before = taken.size;
    for (const relu of taken) {
      const all = readers.get(relu) ?? [];
      if (!all.every((node) => node !== OUTSIDE && absorbsRelus(node, taken))) taken.delete(relu);
    }
  }
  return taken;
}

/** Whether a node takes ReLUs of its inputs, and all that it takes are among these. */
function absorbsRelus({ op, inputs }: Node, relus: ReadonlySet<Node>): boolean {
  const at = op.absorbs?.reluOfInputs?.at(inputs.length);
  if (!at) return false;
  return inputs.every((v, i) => relus.has(sourceNode(v)!) === at.includes(i));
}

/**
 * Sums become part of the op that made one of their terms, where it knows how and nobody else reads that term.
 */
function absorbSums(before: Fused, wanted: readonly Value[]): Fused {
  const replaced = new Map(before.replaced);
  const sums = before.nodes.filter(({ op }) => op.role === "sum");
  if (sums.length === 0) return before;
  const readers = readersOf(before.nodes, wanted);
  const gone = new Set<Node>();
  const takesPart = (v: Value) => {
    const node = sourceNode(v);
    return node !== null && (v.source as { out: number }).out === 0 && isWhole(v) &&
      (replaced.get(node) ?? node).op.absorbs?.sum !== undefined && readers.get(node)!.length === 1;
  };
  for (const sum of sums) {
    // The later term first: what it is made from was written last.
    const terms = [sum.inputs[1], sum.inputs[0]];
    const k = terms.findIndex((v, i) => takesPart(v) && isWhole(terms[1 - i]));
    if (k < 0) continue;
    const made = sourceNode(terms[k])!, node = replaced.get(made) ?? made;
    const [first, ...rest] = node.inputs;
    gone.add(node);
    replaced.delete(made);
    replaced.set(sum, {
      ...node,
      op: node.op.absorbs!.sum!,
      inputs: [first, terms[1 - k], ...rest],
      place: sum.place,
      index: sum.index,
    });
  }
  const nodes = before.nodes.filter((node) => !gone.has(node))
    .map((node) => replaced.get(node) ?? node);
  return { nodes, replaced };
}

const sourceNode = ({ source }: Value): Node | null => source.kind === "node" ? source.node : null;

/** A result as its op made it: not another shape of it, nor something from outside that lies anywhere. */
const isWhole = ({ source, shape }: Value): boolean =>
  source.kind === "node" && source.node.out[source.out] === shape;

/** Stands for whoever reads a value from outside the tape. */
const OUTSIDE = null;

/** The readers of a node of the tape, one entry per input that is a value of it. */
type Readers = ReadonlyMap<Node, (Node | typeof OUTSIDE)[]>;

function readersOf(nodes: readonly Node[], wanted: readonly Value[]): Readers {
  const readers = new Map<Node, (Node | typeof OUTSIDE)[]>();
  const note = (v: Value, reader: Node | typeof OUTSIDE) => {
    const node = sourceNode(v);
    if (!node) return;
    const known = readers.get(node);
    if (known) known.push(reader);
    else readers.set(node, [reader]);
  };
  for (const v of wanted) note(v, OUTSIDE);
  for (const node of nodes) for (const v of node.inputs) note(v, node);
  return readers;
}
