/** Describes a network without a device: parameters, multiply-adds, shapes, memory. */
import { absorbRelus } from "../../autodiff/fuse.ts";
import { peakBytes, reach, type Schedule, schedule, Tape, type Value } from "../../autodiff/mod.ts";
import { numel, type Shape } from "../../autodiff/op.ts";
import { WeightStore } from "../../nn/weights.ts";
import { add, softmaxCrossEntropy } from "../../ops/mod.ts";
import type { Settings } from "../definition.ts";
import { openSpace } from "../registry.ts";
import { declareSupernet } from "../supernet.ts";
import type { Form, Model, Pass, SearchSpace } from "../space.ts";

export interface DescribeOptions<A> {
  space: SearchSpace<A>;
  /** The architecture to describe, or `supernet` for all shared weights together. */
  choice?: readonly number[];
  supernet?: boolean;
  /** Height, width, channels of an image. */
  input: readonly [number, number, number];
  classes: number;
  form: Form;
  /** Images per training step, for the memory estimate; default 1. */
  batch?: number;
}

/** One operation of the network, in the order of execution. */
export interface LayerDescription {
  /** Path within the network, parts joined with "/". */
  scope: string;
  op: string;
  /** Shape of the result for one image: `1, h, w, c`. */
  shape: Shape;
  /** Trainable parameters whose first use is here. */
  parameters: number;
  /** Multiply-adds for one image; 0 where nothing reads the result, which is then not computed. */
  macs: number;
  /** True if nothing reads the result (legacyFixed). */
  unread?: true;
}

/** Size and cost of a network, by layer and in total. */
export interface Description {
  /** Trainable parameters without those of the auxiliary head. */
  parameters: number;
  auxParameters: number;
  /** Multiply-adds of one image forward, without the auxiliary head; null for a supernet. */
  macs: number | null;
  /** Null for a supernet, whose operations depend on the architecture. */
  layers: LayerDescription[] | null;
  /** Bytes on the device. */
  memory: {
    weights: number;
    gradients: number;
    /** Running statistics. */
    states: number;
    /** Peak bytes of intermediate results in one training step; null for a supernet. */
    step: number | null;
    /** Images per training step that `step` is for. */
    batch: number;
  };
}

const AUX = /^aux\//;

const training: Pass = { training: true, batchStatistics: true, seed: 0, step: 0, steps: 1 };

/**
 * Describes an architecture or the supernet.
 * @throws UsageError where the choice does not fit the space, naming the decision.
 */
export function describe<A>(options: DescribeOptions<A>): Description {
  const { space, choice, supernet = false, input, classes, form, batch = 1 } = options;
  if (supernet === (choice !== undefined)) {
    throw new TypeError("Cannot describe: expected either a choice or supernet: true");
  }
  const weights = new WeightStore();
  const into = { weights, input, classes, form };
  let model: Model | null = null;
  if (choice) model = space.build(space.decode(choice), into);
  else declareSupernet(space, into);
  const layers = model && layersOf(model, input);
  const { weights: weightBytes, gradients, states } = weights.bytes();
  return {
    parameters: weights.parameters({ filter: ({ name }) => !AUX.test(name) }),
    auxParameters: weights.parameters({ filter: ({ name }) => AUX.test(name) }),
    macs: layers && layers.reduce((sum, l) => AUX.test(l.scope) ? sum : sum + l.macs, 0),
    layers,
    memory: {
      weights: weightBytes,
      gradients,
      states,
      step: model && stepBytes(model, input, batch),
      batch,
    },
  };
}

/** Parameter count of the released code for the same architecture. */
export interface ReleasedCount {
  parameters: number;
  /** Parameters in reductions that nothing reads. */
  unread: number;
}

/**
 * Parameters of a final network as the released code builds it (`legacyFixed`), on which published counts are
 * based. Null if the options describe that network already, or if it has the same count.
 */
export function releasedCount(
  options: DescribeOptions<unknown>,
  settings: Settings,
): ReleasedCount | null {
  if (options.supernet || options.form !== "final" || settings.legacyFixed !== false) return null;
  const built = describe({ ...options, space: openSpace({ ...settings, legacyFixed: true }) });
  return built.parameters === describe(options).parameters
    ? null
    : { parameters: built.parameters, unread: unreadParameters(built) };
}

/** Parameters in operations whose results nothing reads. */
export function unreadParameters({ layers }: Description): number {
  return (layers ?? []).reduce((sum, l) => l.unread ? sum + l.parameters : sum, 0);
}

function layersOf(model: Model, input: readonly [number, number, number]): LayerDescription[] {
  const tape = new Tape();
  const { logits, aux } = model.forward(tape.input([1, ...input]), training);
  const results = aux ? [logits, aux] : [logits];
  const { nodes } = absorbRelus(tape.nodes, results);
  const read = new Set([...reach(tape, results)].map(({ index }) => index));
  const seen = new Set<string>();
  const firstUse = ({ source, shape }: Value) => {
    if (source.kind !== "param" || !source.param.trainable) return 0;
    const key = `${source.param.name}@${source.offset}`;
    if (seen.has(key)) return 0;
    seen.add(key);
    return numel(shape);
  };
  return nodes.map(({ scope, op, inputs, params, out, index }) => {
    const isRead = read.has(index);
    return {
      scope,
      op: op.name,
      shape: out[0],
      parameters: inputs.reduce((sum, v) => sum + firstUse(v), 0),
      macs: isRead ? op.macs?.(inputs.map(({ shape }) => shape), params) ?? 0 : 0,
      ...!isRead && { unread: true as const },
    };
  });
}

/** Peak bytes of one training step, forward and backward, as allocated by a run. */
function stepBytes(
  model: Model,
  input: readonly [number, number, number],
  batch: number,
): number {
  return peakBytes(trainingSchedule(model, [batch, ...input]));
}

/** Schedule of one training step without the weight update. */
export function trainingSchedule(model: Model, images: Shape): Schedule {
  const tape = new Tape();
  const { logits, aux } = model.forward(tape.input(images), training);
  const labels = tape.input([images[0]]);
  const [loss] = softmaxCrossEntropy(logits, labels);
  const total = aux ? add(loss, softmaxCrossEntropy(aux, labels)[0]) : loss;
  return schedule(tape, [loss], total);
}
