/** Runs a tape on a device: walks the schedule, records every dispatch, hands back what was asked for. */
import accumulateWgsl from "../../kernels/accumulate.wgsl" with { type: "text" };
import fillWgsl from "../../kernels/fill.wgsl" with { type: "text" };
import type { Gpu } from "../gpu/device.ts";
import { kernel } from "../gpu/kernel.ts";
import { count, type Tensor } from "./op.ts";
import { type Schedule, schedule, type Slot, type Target } from "./schedule.ts";
import type { Param, Tape, Value } from "./tape.ts";

const accumulateKernel = kernel("accumulate", accumulateWgsl);
const fillKernel = kernel("fill", fillWgsl);

/** Elements in pieces of four where number and offsets allow, for kernels that take four pieces at a time. */
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
export function accumulate(gpu: Gpu, x: Tensor, y: Tensor, add: boolean): void {
  const { T, n, at, invocations } = inFours(count(x.shape), x, y);
  gpu.run(accumulateKernel, { x, y }, { T, n, add, x_at: at(x), y_at: at(y) }, invocations);
}

/** Sets every element of y. */
export function fill(gpu: Gpu, y: Tensor, value: number): void {
  const n = count(y.shape);
  gpu.run(fillKernel, { y }, { n, value }, n);
}

export interface Result {
  /** The tensor of one of the requested outputs: valid until the next `run` on this device. */
  of(value: Value): Tensor;
  /** The gradient of an input that asked for one. */
  gradient(value: Value): Tensor;
  /** Regions of weights whose `grad` was written. */
  touched: Schedule["touched"];
}

export interface RunOptions {
  /** Values to hand back. */
  outputs: readonly Value[];
  /** Differentiate this (one element): weight gradients go to `param.grad`. */
  loss?: Value;
}

/** Records a tape. Synchronous: nothing is submitted and nothing is waited for. */
export function run(gpu: Gpu, tape: Tape, { outputs, loss }: RunOptions): Result {
  gpu.recycle();
  const plan = schedule(tape, outputs, loss);
  const place = new Map<Slot, Tensor>();
  const alloc = (slot: Slot) => {
    place.set(slot, { shape: [slot.words], buffer: gpu.pool.acquire(slot.words * 4), offset: 0 });
  };
  const free = (slot: Slot) => {
    gpu.pool.release(place.get(slot)!.buffer);
    place.delete(slot);
  };
  const tensorOf = (v: Value): Tensor => ({ ...locate(v, plan, place), shape: v.shape });
  const grad = (to: Target, shape: readonly number[]): Tensor =>
    "slot" in to ? { ...place.get(to.slot)!, shape } : weightGradient(to.param, to.offset, shape);

  if (plan.seed) {
    alloc(plan.seed);
    fill(gpu, place.get(plan.seed)!, 1);
  }
  for (const action of plan.actions) {
    action.alloc.forEach(alloc);
    if (action.kind === "add") {
      const from = place.get(action.from)!;
      accumulate(gpu, from, grad(action.to, from.shape), action.accumulate);
    } else {
      const { node } = action;
      const io = {
        inputs: node.inputs.map(tensorOf),
        out: plan.outs.get(node)!.map((s, i) => ({
          ...(place.get(s) ?? missing),
          shape: node.out[i],
        })),
        saved: plan.saved.get(node)!.map((s, i) => ({ ...place.get(s)!, shape: node.saved[i] })),
        params: node.params,
      };
      if (action.kind === "forward") node.op.forward(gpu, io);
      else {
        const dy = action.dy.map((s, i) => s && { ...place.get(s)!, shape: node.out[i] });
        const dx = action.dx.map((g, i) =>
          g && { tensor: grad(g.to, node.inputs[i].shape), accumulate: g.accumulate }
        );
        (node.op.backward as (g: Gpu, io: unknown) => void)(gpu, { ...io, dy, dx });
      }
    }
    action.free.forEach(free);
  }
  for (const tensor of place.values()) gpu.keepUntilRun(tensor);
  return {
    of: tensorOf,
    gradient: (v) => {
      const slot = v.source.kind === "input" ? plan.inputGrads.get(v.source.id) : undefined;
      if (!slot) throw new Error("Cannot read a gradient: the value is no input that wants one");
      return { ...place.get(slot)!, shape: v.shape };
    },
    touched: plan.touched,
  };
}

/** Stands for a tensor that was freed since its op does not read it again (`reads`). */
const missing = { buffer: { raw: null as never, id: -1, bytes: 0 }, offset: 0, shape: [] };

function locate(v: Value, plan: Schedule, place: Map<Slot, Tensor>): Tensor {
  const { source } = v;
  if (source.kind === "node") return place.get(plan.outs.get(source.node)![source.out]) ?? missing;
  const tensor = source.kind === "param" ? source.param.tensor : source.tensor;
  if (!tensor) {
    throw new Error(
      source.kind === "param"
        ? `Cannot run: weight ${source.param.name} has no memory, its store was not materialised`
        : "Cannot run: an input has no tensor",
    );
  }
  return source.kind === "param" ? { ...tensor, offset: tensor.offset + source.offset } : tensor;
}

function weightGradient(param: Param, offset: number, shape: readonly number[]): Tensor {
  if (!param.grad) {
    throw new Error(`Cannot differentiate: weight ${param.name} has no gradient memory`);
  }
  return { ...param.grad, shape, offset: param.grad.offset + offset };
}
