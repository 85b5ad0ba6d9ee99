/** Lists the op passes of a run with their shapes, without a device: the inputs of tuning. */
import { schedule, Tape } from "../../autodiff/mod.ts";
import type { Action } from "../../autodiff/schedule.ts";
import { numel, type Op, type Shape } from "../../autodiff/op.ts";
import type { Node } from "../../autodiff/tape.ts";
import { WeightStore } from "../../nn/weights.ts";
import { Rng, Stream } from "../../common/random.ts";
import type { RetrainConfig, SearchConfig } from "../config/config.ts";
import { trainingSchedule } from "../analysis/describe.ts";
import { uniformArchitecture } from "../sampling.ts";
import { openSpace } from "../registry.ts";
import type { BuildContext, Form, Model } from "../space.ts";

/** One op forward or backward at one shape. */
export interface OpPass {
  // deno-lint-ignore no-explicit-any
  op: Op<any>;
  shapes: readonly Shape[];
  params: unknown;
  kind: "forward" | "backward";
  /** Backward: whether each output has a gradient. */
  dy: boolean[];
  /** Backward: whether each input's gradient is added to existing values; null if it is not needed. */
  dx: (boolean | null)[];
  /** Number of occurrences. */
  times: number;
  /** Estimated work of all occurrences together, in multiply-adds. */
  weight: number;
}

/** Image size and classes of a network's data. */
export interface ImageSet {
  image: readonly [number, number, number];
  classes: number;
}

/** Number of children that show nearly every operation at every position. */
const children = 12;

/** Passes of children sampled from a search's space, in training steps and in scoring. */
export function passesOfSearch(config: SearchConfig, images: ImageSet): OpPass[] {
  const space = openSpace(config.space);
  const into = contextOf("search", images);
  const rng = new Rng(1, Stream.search);
  const { rewardBatch = config.evalBatch } = config.evaluator;
  const batches = { train: config.batch, score: [rewardBatch, config.evalBatch] };
  const models = Array.from(
    { length: children },
    () => space.build(uniformArchitecture(space, rng), into),
  );
  return gather(models, images.image, batches);
}

/** Passes of training one architecture; of sampled ones if no choice is given. */
export function passesOfRetrain(
  config: RetrainConfig,
  images: ImageSet,
  choice?: readonly number[],
): OpPass[] {
  const space = openSpace(config.space);
  const into = contextOf(config.form, images);
  const rng = new Rng(1, Stream.search);
  const archs = choice
    ? [space.decode(choice)]
    : Array.from({ length: children }, () => uniformArchitecture(space, rng));
  // One store each: separate networks share no weights, and weights of one name may differ in shape.
  const models = archs.map((arch) => space.build(arch, { ...into, weights: new WeightStore() }));
  return gather(models, images.image, { train: config.batch, score: [config.evalBatch] });
}

function contextOf(form: Form, { image, classes }: ImageSet): BuildContext {
  return { weights: new WeightStore(), input: image, classes, form };
}

const scoring = { training: false, batchStatistics: true, seed: 0, step: 0, steps: 1 };

function gather(
  models: readonly Model[],
  image: ImageSet["image"],
  batches: { train: number; score: readonly number[] },
): OpPass[] {
  const found = new Map<string, OpPass>();
  for (const model of models) {
    for (const action of trainingSchedule(model, [batches.train, ...image]).actions) {
      note(found, action);
    }
    for (const n of new Set(batches.score)) {
      const tape = new Tape();
      const { logits } = model.forward(tape.input([n, ...image]), scoring);
      for (const action of schedule(tape, [logits]).actions) note(found, action);
    }
  }
  return [...found.values()];
}

function note(found: Map<string, OpPass>, action: Action): void {
  if (action.kind === "add") return;
  const { node } = action;
  const shapes = node.inputs.map((v) => v.shape);
  const backward = action.kind === "backward";
  const pass = {
    kind: action.kind,
    shapes,
    params: node.params,
    dy: backward ? action.dy.map((g) => g !== null) : [],
    dx: backward ? action.dx.map((g) => g && g.accumulate) : [],
  };
  put(found, { op: node.op, ...pass, times: 1, weight: effort(node) * (backward ? 2 : 1) });
}

function put(found: Map<string, OpPass>, pass: OpPass): void {
  const { op, times, weight, ...shape } = pass;
  const key = JSON.stringify([op.name, shape]);
  const known = found.get(key);
  if (!known) return void found.set(key, { ...pass });
  known.times += times;
  known.weight += weight;
}

/** Merges the passes of several networks; those with equal shapes become one. */
export function merged(lists: readonly (readonly OpPass[])[]): OpPass[] {
  const found = new Map<string, OpPass>();
  for (const pass of lists.flat()) put(found, pass);
  return [...found.values()];
}

/** Image size and classes assumed before a set is read: CIFAR's or else Fashion-MNIST's, ten classes. */
export function usualImages(data: string): ImageSet {
  return { image: /^cifar/.test(data) ? [32, 32, 3] : [28, 28, 1], classes: 10 };
}

/** Estimated work. Each element counts as a few multiply-adds, for ops that only move data. */
function effort({ op, inputs, params, out }: Node): number {
  const macs = op.macs?.(inputs.map((v) => v.shape), params) ?? 0;
  return macs + 8 * out.reduce((sum, shape) => sum + numel(shape), 0);
}
