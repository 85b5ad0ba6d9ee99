/** Runs a tape on a device: walks the schedule, records every dispatch, hands back what was asked for. */
import accumulateWgsl from "../../kernels/accumulate.wgsl" with { type: "text" };
import fillWgsl from "../../kernels/fill.wgsl" with { type: "text" };
import { kernel } from "../gpu/kernel.ts";
import { standIn } from "../gpu/pool.ts";
import type { Recorder, StepRecorder } from "../gpu/recorder.ts";
import { numel, type Shape, type Tensor } from "./op.ts";
import { type Action, type Schedule, schedule, type Slot, type Target } from "./schedule.ts";
import type { Tape, Value } from "./tape.ts";

const accumulateKernel = kernel("accumulate", accumulateWgsl);
const fillKernel = kernel("fill", fillWgsl);

/** Uses vec4f if count and offsets allow it; for kernels that take four such elements per invocation. */
export function inFours(n: number, ...tensors: Tensor[]) {
  const wide = n % 4 === 0 && tensors.every((t) => t.offset % 4 === 0);
  const per = wide ? 4 : 1;
  return {
    T: wide ? "vec4f" : "f32",
    n: n / per,
    at: (t: Tensor) => t.offset / per,
    invocations: Math.ceil(n / per / 4),
  };
}

/** y = x, or y += x. */
export function accumulate(rec: Recorder, x: Tensor, y: Tensor, add: boolean): void {
  const { T, n, at, invocations } = inFours(numel(x.shape), x, y);
  rec.run(accumulateKernel, { x, y }, { T, n, add, x_at: at(x), y_at: at(y) }, invocations);
}

/** Sets every element of y. */
export function fill(rec: Recorder, y: Tensor, value: number): void {
  const n = numel(y.shape);
  rec.run(fillKernel, { y }, { n, value }, n);
}

/** Result of `run`. The tensors have their values once the device has done the work: see `Gpu.read`. */
export interface Result {
  /** The tensor of one of the requested outputs: valid until the next `run` on this device. */
  of(value: Value): Tensor;
  /** The gradient of an input that asked for one. */
  gradient(value: Value): Tensor;
  /** Regions of weights whose `grad` was written. */
  touched: Schedule["touched"];
}

/** Values for `run` to compute. Nodes that neither an output nor a gradient depends on are skipped. */
export interface RunOptions {
  /** Values to hand back. */
  outputs: readonly Value[];
  /** Value to differentiate (one element); weight gradients go to `param.grad`. */
  loss?: Value;
}

/** Records a tape. Synchronous: waits for nothing; long work is split into several submissions. */
export function run(rec: StepRecorder, tape: Tape, { outputs, loss }: RunOptions): Result {
  rec.startRun();
  const plan = schedule(tape, outputs, loss);
  const recording = new Recording(rec, plan);
  recording.all();
  return {
    of: (value) => recording.tensorOf(value),
    gradient: (v) => {
      const slot = v.source.kind === "input" ? plan.inputGrads.get(v.source.id) : undefined;
      if (!slot) throw new Error("Cannot read a gradient: the value is no input that wants one");
      return recording.at(slot, v.shape);
    },
    touched: plan.touched,
  };
}

/** Placeholder for a tensor that was freed, since its op does not read it again (`reads`). */
const missing = { buffer: standIn(), offset: 0 };

/** Name and arguments of an action in a profile: its op, and its scope in the network. */
function spanOf(action: Action): [name: string, args: Record<string, unknown>] {
  if (action.kind === "add") return ["add gradients", { words: action.from.words }];
  const { op, inputs, params, scope } = action.node;
  const wanted = action.kind === "forward" ? undefined : action.dx.map((g) => g !== null);
  const shapes = inputs.map((v) => v.shape);
  return [op.name, { scope, op: op.name, pass: action.kind, shapes, params, wanted }];
}

/** Executes a schedule on a device; keeps the tensor of each slot. */
class Recording {
  readonly #place = new Map<Slot, Tensor>();

  constructor(private readonly rec: StepRecorder, private readonly plan: Schedule) {}

  all(): void {
    const { rec, plan } = this;
    if (plan.seed) {
      this.#alloc(plan.seed);
      fill(rec, this.at(plan.seed, [1]), 1);
    }
    for (const action of plan.actions) {
      action.alloc.forEach((slot) => this.#alloc(slot));
      rec.profile?.begin(...spanOf(action));
      this.#record(action);
      rec.profile?.end();
      action.free.forEach((slot) => this.#free(slot));
    }
    for (const tensor of this.#place.values()) rec.keepUntilRun(tensor);
  }

  /** The tensor of a slot; a stand-in where it was freed. */
  at(slot: Slot, shape: Shape): Tensor {
    return { ...(this.#place.get(slot) ?? missing), shape };
  }

  tensorOf({ source, shape }: Value): Tensor {
    if (source.kind === "node") return this.at(this.plan.outs.get(source.node)![source.out], shape);
    const tensor = source.kind === "param" ? source.param.tensor : source.tensor;
    if (!tensor) {
      throw new Error(
        source.kind === "param"
          ? `Cannot run: weight ${source.param.name} has no memory, its store was not materialised`
          : "Cannot run: an input has no tensor",
      );
    }
    return {
      ...tensor,
      shape,
      offset: tensor.offset + (source.kind === "param" ? source.offset : 0),
    };
  }

  #alloc(slot: Slot): void {
    const buffer = this.rec.pool.acquire(slot.words * 4, slot.label);
    this.#place.set(slot, { shape: [slot.words], buffer, offset: 0 });
  }

  #free(slot: Slot): void {
    this.rec.pool.release(this.#place.get(slot)!.buffer);
    this.#place.delete(slot);
  }

  #record(action: Action): void {
    const { rec, plan } = this;
    if (action.kind === "add") {
      const { from, to } = action;
      accumulate(
        rec,
        this.at(from, [from.words]),
        this.#gradient(to, [from.words]),
        action.accumulate,
      );
      return;
    }
    const { node } = action;
    const io = {
      inputs: node.inputs.map((v) => this.tensorOf(v)),
      out: plan.outs.get(node)!.map((slot, i) => this.at(slot, node.out[i])),
      saved: plan.saved.get(node)!.map((slot, i) => this.at(slot, node.saved[i])),
      params: node.params,
    };
    const macs = node.op.macs?.(node.inputs.map((v) => v.shape), node.params) ?? 0;
    if (action.kind === "forward") {
      node.op.forward(rec, io);
      rec.noteWork(macs);
      return;
    }
    const dy = action.dy.map((slot, i) => slot && this.at(slot, node.out[i]));
    const dx = action.dx.map((g, i) =>
      g && { tensor: this.#gradient(g.to, node.inputs[i].shape), accumulate: g.accumulate }
    );
    (node.op.backward as (rec: Recorder, io: unknown) => void)(rec, { ...io, dy, dx });
    rec.noteWork(2 * macs);
  }

  #gradient(to: Target, shape: Shape): Tensor {
    if ("slot" in to) return this.at(to.slot, shape);
    const { param, offset } = to;
    if (!param.grad) {
      throw new Error(`Cannot differentiate: weight ${param.name} has no gradient memory`);
    }
    return { ...param.grad, shape, offset: param.grad.offset + offset };
  }
}
