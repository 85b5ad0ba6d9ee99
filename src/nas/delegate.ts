/** An evaluator that does what another one does, to be changed in part. */
import type { Evaluator } from "./evaluator.ts";

/** All that an evaluator has, as a plain object: `{ ...delegate(inner), evaluate }`. */
export const delegate = <A>(inner: Evaluator<A>): Evaluator<A> => ({
  remembers: inner.remembers,
  oneByOne: inner.oneByOne,
  ordered: inner.ordered,
  capacity: inner.capacity?.bind(inner),
  fidelities: inner.fidelities,
  rewardImages: inner.rewardImages,
  prepare: inner.prepare?.bind(inner),
  evaluate: inner.evaluate.bind(inner),
  policyScore: inner.policyScore?.bind(inner),
  giveWeights: inner.giveWeights?.bind(inner),
  takeWeights: inner.takeWeights?.bind(inner),
  snapshot: () => inner.snapshot(),
  restore: (state) => inner.restore(state),
});
