/**
 * Operator fusion: a ReLU or a sum is computed by the kernel of a neighbouring op. Decided when a tape is
 * scheduled, since only then all readers of a value are known. Ops declare what they absorb; networks say
 * `conv(relu(x))` and `add(norm(x), y)`.
 */
import type { Node, Value } from "./tape.ts";

export interface Fused {
  /** In an order in which they can run. */
  nodes: Node[];
  /** Maps a node whose value others read to the fused node that computes it. */
  replaced: Map<Node, Node>;
}

/**
 * Fuses ReLUs and sums into the neighbouring nodes that absorb them.
 * @param nodes in the order of the tape, all needed. @param wanted values that are read from outside.
 */
export function fuse(nodes: readonly Node[], wanted: readonly Value[]): Fused {
  return absorbSums(absorbRelus(nodes, wanted), wanted);
}

/**
 * Fuses each ReLU into its producer, if that can absorb it and has no other reader, or into its readers, if
 * all of them can absorb it. If both are possible, the producer takes it only if it is in the ReLU's scope.
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
    // The node may already be fused with a ReLU of its own value.
    const key = reluOf.get(node) ?? node, now = replaced.get(key) ?? node;
    replaced.set(key, { ...now, inputs, params: params(now.params) });
  }
  const kept = nodes.filter((node) => !gone.has(node)).map((node) => replaced.get(node) ?? node);
  return { nodes: kept, replaced };
}

/** The producer that could absorb this ReLU, its only reader; null if there is none. */
function makerOf(relu: Node, readers: Readers): Node | null {
  const [x] = relu.inputs, maker = sourceNode(x);
  if (!maker?.op.absorbs?.reluOfOutput || !isWhole(x)) return null;
  return (x.source as { out: number }).out === 0 && readers.get(maker)!.length === 1 ? maker : null;
}

/** The ReLUs that all their readers can absorb. Leaving one out may rule out others: repeats until stable. */
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

/** Whether a node absorbs ReLUs of its inputs, and exactly these inputs are among `relus`. */
function absorbsRelus({ op, inputs }: Node, relus: ReadonlySet<Node>): boolean {
  const at = op.absorbs?.reluOfInputs?.at(inputs.length);
  if (!at) return false;
  return inputs.every((v, i) => relus.has(sourceNode(v)!) === at.includes(i));
}

/**
 * Fuses each sum into the producer of one of its terms, if that can absorb it and has no other reader.
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
    // The second term first: its producer's inputs were written last.
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

/** Whether a value is a node's output in its own shape: no reshape, and no weight or input. */
const isWhole = ({ source, shape }: Value): boolean =>
  source.kind === "node" && source.node.out[source.out] === shape;

/** Marks a reader outside the tape. */
const OUTSIDE = null;

/** Readers of each node, one entry per input that is one of its values. */
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
