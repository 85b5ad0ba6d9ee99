/** What a run computes, op by op with shapes, without a device: what there is to tune for. */
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
  /** Backward: which outputs have a gradient. */
  dy: boolean[];
  /** Backward: whether the gradient of an input is added to what is there; null where nobody wants it. */
  dx: (boolean | null)[];
  /** How often it occurs. */
  times: number;
  /** How much of the run it is likely to be: multiply-adds, all its occurrences together. */
  weight: number;
}

/** Images and classes that a network is for. */
export interface ImageSet {
  image: readonly [number, number, number];
  classes: number;
}

/** Children that show nearly every operation at every place. */
const children = 12;

/** Passes of children drawn from a search's space: training steps, and scoring. */
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

/** Passes of the training of one architecture; of one that is drawn, where none is given. */
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
  // A store each: networks of their own share no weights, and weights of one name may differ in shape.
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

/** The passes of several networks, those at equal shapes taken together. */
export function merged(lists: readonly (readonly OpPass[])[]): OpPass[] {
  const found = new Map<string, OpPass>();
  for (const pass of lists.flat()) put(found, pass);
  return [...found.values()];
}

/** What is known of a set's images before it is read: CIFAR's, or else Fashion-MNIST's, with ten classes. */
export function usualImages(data: string): ImageSet {
  return { image: /^cifar/.test(data) ? [32, 32, 3] : [28, 28, 1], classes: 10 };
}

/** Elements count as a few multiply-adds: ops without arithmetic move them. */
function effort({ op, inputs, params, out }: Node): number {
  const macs = op.macs?.(inputs.map((v) => v.shape), params) ?? 0;
  return macs + 8 * out.reduce((sum, shape) => sum + numel(shape), 0);
}
