/** Code shared by the networks of all spaces: turns a function over layers into a `Model`. */
import { Tape, type Value } from "../../autodiff/tape.ts";
import { UsageError } from "../../common/errors.ts";
import { Net } from "../../nn/layers.ts";
import type { BuildContext, Model, Pass } from "../space.ts";
import type { NetworkSettings } from "./settings.ts";

/** Build context together with the space's settings. */
export type Sized<S> = BuildContext & { config: S };

/** A network as one function: declares its weights and records its ops in the same pass. */
export type Network = (net: Net, images: Value, pass: Pass) => { logits: Value; aux?: Value };

/** A pass that reaches every weight: in training mode, which includes the auxiliary head. */
const declaring: Pass = {
  training: true,
  batchStatistics: true,
  seed: 0,
  step: 0,
  steps: 1,
};

/**
 * Builds the model. Declares the weights, by a pass over a tape that never runs, unless the store already has
 * its memory.
 */
export function toModel(into: Sized<NetworkSettings>, network: Network): Model {
  const { config, weights, input } = into;
  const forward = (images: Value, pass: Pass) => {
    const net = new Net(images.tape!, weights, {
      training: pass.training,
      dropout: pass.dropout ?? pass.training,
      batchStatistics: pass.batchStatistics,
      keepStatistics: into.ownStatistics === true || into.form === "final" ||
        into.sharedStatistics === true,
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

/** Throws a UsageError unless the form is `search`, which a supernet needs. */
export function requireSearchForm({ form }: BuildContext): void {
  if (form !== "search") {
    throw new UsageError(
      `Cannot declare a supernet: got form ${form}, expected search`,
    );
  }
}
