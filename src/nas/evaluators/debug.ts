/**
 * Evaluation without data or device: how near the number of parameters is to a goal (the `debug` objective of
 * Schrodi et al., NeurIPS 2023). A search finishes in seconds, so that strategies are tried out and compared on it.
 */
import * as z from "zod";
import { Tape } from "../../autodiff/tape.ts";
import { WeightStore } from "../../nn/weights.ts";
import { limits, sizeOf } from "../config/limits.ts";
import { defineEvaluator } from "../definition.ts";
import type { Evaluator, Result } from "../evaluator.ts";
import { built, evaluateEach } from "../results.ts";
import type { BuildContext, SearchSpace } from "../space.ts";
import type { State, Trial } from "../strategy.ts";
import { inference } from "../train/network.ts";

/** Size of the networks. */
type Target = Pick<BuildContext, "input" | "classes">;

/**
 * Trainable parameters of an architecture's network, without those of layer norms: the published code makes these
 * at the first forward pass, after it has counted.
 */
export function countedParameters<A>(space: SearchSpace<A>, arch: A, target: Target): number {
  const weights = new WeightStore();
  const model = space.build(arch, { ...target, form: "final", weights });
  const tape = new Tape();
  model.forward(tape.input([1, ...target.input]), inference);
  const left = new Set(
    tape.nodes.filter(({ op }) => op.name === "layer_norm").flatMap(({ inputs }) =>
      inputs.flatMap(({ source }) => source.kind === "param" ? [source.param] : [])
    ),
  );
  return weights.parameters({ filter: (param) => !left.has(param) });
}

export class DebugEvaluator<A> implements Evaluator<A> {
  readonly remembers = true;

  constructor(
    private readonly space: SearchSpace<A>,
    private readonly target: Target,
    private readonly goal: number,
  ) {}

  /** The score is minus the distance from the goal. */
  evaluate(trials: readonly Trial<A>[]): AsyncIterable<Result> {
    return evaluateEach(trials, ({ arch }) => {
      const counted = built(() => countedParameters(this.space, arch, this.target));
      return { value: -Math.abs(this.goal - counted) };
    });
  }

  snapshot(): Promise<State> {
    return Promise.resolve({ json: null, tensors: {} });
  }

  restore(): Promise<void> {
    return Promise.resolve();
  }
}

export const debugDefinition = defineEvaluator({
  name: "debug",
  summary: "how near the number of parameters is to a goal, without data or device",
  settings: z.strictObject({
    /** Number of parameters to come near to. */
    goal: z.number().positive().max(1e12).default(1.5e7),
    /** Networks classify square images of three channels: their side, and the number of classes. */
    side: sizeOf(limits.side).default(32),
    classes: sizeOf(limits.classes).default(10),
  }),
  cost: "lookup",
  needsDevice: false,
  loop: { epochs: 1, rounds: 150, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  open({ goal, side, classes }, { space, gpu }) {
    const target = { input: [side, side, 3] as [number, number, number], classes };
    return Promise.resolve({
      evaluator: new DebugEvaluator(space, target, goal),
      target,
      arch: target,
      scoreKind: "debug",
      score: { label: `−|${goal} − parameters|`, unit: "parameters", comparable: true },
      figures: () => ({ step: 0, trainedImages: 0, peakBytes: gpu?.counters.bufferBytes ?? 0 }),
      start: {},
    });
  },
});
