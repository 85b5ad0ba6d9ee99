/**
 * Schedules a tape: a list of actions with exact live ranges, computed without a device. A live range ends
 * at the last reader, backward passes included.
 */
import { sizeClass } from "../gpu/pool.ts";
import { fuse } from "./fuse.ts";
import { numel, takesGradient } from "./op.ts";
import type { Node, Param, Source, Tape, Value } from "./tape.ts";

/** Memory for one tensor of the tape. */
export interface Slot {
  readonly words: number;
  readonly label: string;
}

export type Target = { slot: Slot } | { param: Param; offset: number; words: number };

export type Action =
  & { alloc: Slot[]; free: Slot[] }
  & (
    | { kind: "forward"; node: Node }
    | {
      kind: "backward";
      node: Node;
      dy: (Slot | null)[];
      dx: ({ to: Target; accumulate: boolean } | null)[];
    }
    /** Gradients that are dy itself: copied only when somebody adds to them, or into a weight's gradient. */
    | { kind: "add"; from: Slot; to: Target; accumulate: boolean }
  );

export interface Schedule {
  actions: Action[];
  /** Slots of node outputs and saved tensors. */
  outs: Map<Node, Slot[]>;
  saved: Map<Node, Slot[]>;
  /** The gradient of the loss, to be filled with ones. */
  seed: Slot | null;
  /** Gradients of inputs that asked for them, by input id. */
  inputGrads: Map<number, Slot>;
  /** Regions of weights that receive a gradient, in the order of first use. */
  touched: { param: Param; offset: number; words: number }[];
}

const sourceKey = (s: Source) =>
  s.kind === "node"
    ? `n${s.node.index}.${s.out}`
    : s.kind === "param"
    ? `p${s.param.name}@${s.offset}`
    : `i${s.id}`;

/** Key of a source that stays the same from step to step as long as the network does. */
const where = (s: Source) => s.kind === "node" ? `${s.node.place} ${s.out}` : sourceKey(s);

/** Schedules the computation of `outputs`, and of the gradients of `loss` (one element) if given. */
export function schedule(tape: Tape, outputs: readonly Value[], loss?: Value): Schedule {
  const wanted = loss ? [...outputs, loss] : outputs;
  const needed = reach(tape, wanted);
  const { nodes: forward, replaced } = fuse(tape.nodes.filter((n) => needed.has(n)), wanted);
  const result: Schedule = {
    actions: [],
    outs: new Map(),
    saved: new Map(),
    seed: null,
    inputGrads: new Map(),
    touched: [],
  };
  for (const node of forward) {
    const slots = (shapes: readonly (readonly number[])[], what: string) =>
      shapes.map((s, i) => ({
        words: numel(s),
        label: `${node.place} ${what}${i}`,
      }));
    result.outs.set(node, slots(node.out, "out"));
    result.saved.set(node, slots(node.saved, "saved"));
    result.actions.push({
      kind: "forward",
      node,
      alloc: [...result.outs.get(node)!, ...result.saved.get(node)!],
      free: [],
    });
  }
  // Readers refer to a fused op's value by the last node that it replaces.
  for (const [node, fused] of replaced) result.outs.set(node, result.outs.get(fused)!);
  if (loss) new Reverse(result, forward).walk(loss);
  release(result, outputs);
  return result;
}

/** The nodes that some values depend on. */
export function reach(tape: Tape, values: readonly Value[]): Set<Node> {
  const needed = new Set<Node>();
  const mark = (v: Value) => {
    if (v.source.kind === "node") needed.add(v.source.node);
  };
  values.forEach(mark);
  for (let i = tape.nodes.length - 1; i >= 0; i--) {
    if (needed.has(tape.nodes[i])) tape.nodes[i].inputs.forEach(mark);
  }
  return needed;
}

/** The backward walk: which gradients are wanted, where they go, which share memory. */
class Reverse {
  readonly #grads = new Map<string, Slot>();
  /** Number of sources whose gradient is this slot; above one, it must not be added to in place. */
  readonly #owners = new Map<Slot, number>();
  readonly #written = new Set<string>();
  /** Indices of the nodes that pass gradients on; a fused op has that of the last node that it replaces. */
  readonly #wants = new Set<number>();

  constructor(private readonly s: Schedule, private readonly nodes: readonly Node[]) {
    for (const { op, inputs, index } of nodes) {
      const differentiable = typeof op.backward === "function" || op.backward === "dy";
      const wants = differentiable &&
        inputs.some((v, i) => !op.mutates?.includes(i) && this.#wanted(v));
      if (wants) this.#wants.add(index);
    }
  }

  #wanted({ source }: Value): boolean {
    if (source.kind === "param") return source.param.trainable;
    if (source.kind === "input") return source.wantsGrad;
    return this.#wants.has(source.node.index) && takesGradient(source.node.op, source.out);
  }

  walk(loss: Value): void {
    if (numel(loss.shape) !== 1) {
      throw new RangeError(`Cannot differentiate a value of shape [${loss.shape}]`);
    }
    if (!this.#wanted(loss)) {
      throw new Error("Cannot differentiate: no weight or input leads to the loss");
    }
    this.s.seed = this.#slot(loss);
    for (let i = this.nodes.length - 1; i >= 0; i--) {
      const node = this.nodes[i];
      if (this.#wants.has(node.index)) this.#node(node);
    }
  }

  #slot(v: Value): Slot {
    const slot = { words: numel(v.shape), label: `gradient ${where(v.source)}` };
    this.#grads.set(sourceKey(v.source), slot);
    this.#owners.set(slot, 1);
    return slot;
  }

  #node(node: Node): void {
    const dy = node.out.map((_, i) => this.#grads.get(`n${node.index}.${i}`) ?? null);
    if (dy.every((g) => g === null)) return;
    if (node.op.backward === "dy") {
      for (const v of node.inputs) if (this.#wanted(v)) this.#share(v, dy[0]!);
    } else {
      const alloc: Slot[] = [];
      const { mutates = [], handsOver = [] } = node.op;
      const dx = node.inputs.map((v, i) =>
        mutates.includes(i) || handsOver.includes(i) || !this.#wanted(v)
          ? null
          : this.#target(v, alloc)
      );
      if (dx.some((g) => g)) {
        this.s.actions.push({ kind: "backward", node, dy, dx, alloc, free: [] });
      }
      for (const i of handsOver) {
        if (this.#wanted(node.inputs[i])) this.#share(node.inputs[i], dy[0]!);
      }
    }
    for (const slot of dy) if (slot) this.#owners.set(slot, this.#owners.get(slot)! - 1);
  }

  /** Destination of v's gradient; v is the only owner of its slot afterwards. */
  #target(v: Value, alloc: Slot[]): { to: Target; accumulate: boolean } {
    const key = sourceKey(v.source);
    if (v.source.kind === "param") {
      const accumulate = this.#written.has(key);
      const region = { param: v.source.param, offset: v.source.offset, words: numel(v.shape) };
      if (!accumulate) {
        this.#written.add(key);
        this.s.touched.push(region);
      }
      return { to: region, accumulate };
    }
    const old = this.#grads.get(key);
    if (old && this.#owners.get(old)! > 1) {
      this.#owners.set(old, this.#owners.get(old)! - 1);
      const slot = this.#slot(v);
      this.s.actions.push({
        kind: "add",
        from: old,
        to: { slot },
        accumulate: false,
        alloc: [slot],
        free: [],
      });
      return { to: { slot }, accumulate: true };
    }
    if (old) return { to: { slot: old }, accumulate: true };
    const slot = this.#slot(v);
    alloc.push(slot);
    if (v.source.kind === "input") this.s.inputGrads.set(v.source.id, slot);
    return { to: { slot }, accumulate: false };
  }

  /** Makes dy itself the gradient of v. */
  #share(v: Value, dy: Slot): void {
    const key = sourceKey(v.source);
    if (v.source.kind === "node" && !this.#grads.has(key)) {
      this.#grads.set(key, dy);
      this.#owners.set(dy, this.#owners.get(dy)! + 1);
      return;
    }
    const alloc: Slot[] = [];
    const { to, accumulate } = this.#target(v, alloc);
    this.s.actions.push({ kind: "add", from: dy, to, accumulate, alloc, free: [] });
  }
}

/** Fills in `free`: each slot after its last reader; outputs and wanted gradients stay. */
function release(s: Schedule, outputs: readonly Value[]): void {
  const last = new Map<Slot, number>();
  const read = (v: Value, at: number) => {
    if (v.source.kind === "node") last.set(s.outs.get(v.source.node)![v.source.out], at);
  };
  s.actions.forEach((a, at) => {
    for (const slot of a.alloc) last.set(slot, at);
    if (a.kind === "forward") a.node.inputs.forEach((v) => read(v, at));
    else if (a.kind === "backward") {
      const { reads: { inputs = true, out = true } = {}, handsOver } = a.node.op;
      if (inputs) a.node.inputs.forEach((v, i) => !handsOver?.includes(i) && read(v, at));
      if (out) s.outs.get(a.node)!.forEach((slot) => last.set(slot, at));
      s.saved.get(a.node)!.forEach((slot) => last.set(slot, at));
      for (const slot of a.dy) if (slot) last.set(slot, at);
      for (const g of a.dx) if (g && "slot" in g.to) last.set(g.to.slot, at);
    } else {
      last.set(a.from, at);
      if ("slot" in a.to) last.set(a.to.slot, at);
    }
  });
  const keep = new Set<Slot>(s.inputGrads.values());
  for (const v of outputs) {
    if (v.source.kind === "node") keep.add(s.outs.get(v.source.node)![v.source.out]);
  }
  for (const [slot, at] of last) if (!keep.has(slot)) s.actions[at].free.push(slot);
}

/** Peak bytes of live tensors, if each takes `size` bytes; default: the size classes of the pool. */
export function peakBytes(s: Schedule, size: (bytes: number) => number = sizeClass): number {
  let live = s.seed ? size(s.seed.words * 4) : 0;
  let peak = live;
  for (const a of s.actions) {
    for (const slot of a.alloc) live += size(slot.words * 4);
    peak = Math.max(peak, live);
    for (const slot of a.free) live -= size(slot.words * 4);
  }
  return peak;
}
