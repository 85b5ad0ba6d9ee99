/** What the networks of all spaces share: how a function over layers becomes a `Model`. */
import { Tape, type Value } from "../../autodiff/tape.ts";
import { UsageError } from "../../errors.ts";
import { Net } from "../../nn/layers.ts";
import type { BuildContext, ChildConfig, Model, Pass } from "../space.ts";

/** A network written once: declares its weights and records its ops as it goes. */
export type Network = (net: Net, images: Value, pass: Pass) => { logits: Value; aux?: Value };

/** A pass that meets every weight: in training, auxiliary head included. */
const declaring: Pass = {
  training: true,
  batchStatistics: true,
  seed: 0,
  step: 0,
  steps: 1,
};

/** Declares the weights (by a pass over a tape that never runs) unless the store already has its memory. */
export function toModel(into: BuildContext, network: Network): Model {
  const { config, weights, input } = into;
  const forward = (images: Value, pass: Pass) => {
    const net = new Net(images.tape!, weights, {
      training: pass.training,
      dropout: pass.dropout ?? pass.training,
      batchStatistics: pass.batchStatistics,
      keepStatistics: into.ownStatistics === true || config.form === "final" ||
        config.rewardStatistics === "running",
      debias: config.bnDebias,
      legacyInit: config.legacyInit,
      epsilon: config.bnEpsilon,
      decay: config.bnDecay,
      seed: pass.seed,
      step: pass.step,
    });
    return network(net, images, pass);
  };
  if (!weights.materialised) forward(new Tape().input([1, ...input]), declaring);
  return { forward };
}

/** Throws a UsageError unless a number of the config lies in a range. */
export function requireConfig(
  space: string,
  config: ChildConfig,
  field: "layers" | "filters" | "branches" | "blocks" | "stem",
  [low, high]: readonly [number, number],
): void {
  const value = config[field];
  if (!Number.isInteger(value) || value < low || value > high) {
    const range = high === Infinity
      ? `at least ${low}`
      : low === high
      ? `${low}`
      : `${low} … ${high}`;
    throw new UsageError(`Cannot make ${space} space: got ${value} ${field}, expected ${range}`);
  }
}

/** Throws a UsageError where the weights of a supernet are asked for in the form of a single network. */
export function requireSearchForm({ config }: BuildContext): void {
  if (config.form !== "search") {
    throw new UsageError(
      `Cannot declare a supernet: got form ${config.form}, expected search`,
    );
  }
}
