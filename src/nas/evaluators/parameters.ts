/**
 * Evaluation without data or training: how near the number of parameters is to a target (the `debug` objective
 * of Schrodi et al., NeurIPS 2023). It tries strategies end to end in seconds.
 */
import { z } from "zod";
import { WeightStore } from "../../nn/weights.ts";
import { limits, sizeOf } from "../config/limits.ts";
import { defineEvaluator } from "../definition.ts";
import type { Evaluator, Result } from "../evaluator.ts";
import { built, evaluateEach } from "../results.ts";
import type { SearchSpace } from "../space.ts";
import type { Trial } from "../strategy.ts";

const settings = z.strictObject({
  /** Number of parameters of the best network. */
  target: z.number().int().positive().max(1e12).default(15_000_000),
  /** Height and width of the images that the networks are counted for. */
  side: sizeOf(limits.side).default(32),
  classes: sizeOf(limits.classes).default(10),
});
type ParameterSettings = z.output<typeof settings>;

/**
 * Trainable parameters of an architecture, without those that hold one number per pixel and channel: the
 * original code makes its layer norms only at the first image, after counting.
 */
export function countedParameters<A>(
  space: SearchSpace<A>,
  arch: A,
  { side, classes }: Pick<ParameterSettings, "side" | "classes">,
): number {
  const weights = new WeightStore();
  built(() => space.build(arch, { weights, input: [side, side, 3], classes, form: "final" }));
  return weights.parameters({
    filter: ({ name, shape }) => shape.length !== 3 && !name.startsWith("aux/"),
  });
}

class ParameterEvaluator<A> implements Evaluator<A> {
  readonly remembers = true;

  constructor(private readonly space: SearchSpace<A>, private readonly config: ParameterSettings) {}

  evaluate(trials: readonly Trial<A>[]): AsyncIterable<Result> {
    const { space, config } = this;
    return evaluateEach(trials, ({ arch }) => {
      const away = Math.abs(config.target - countedParameters(space, arch, config));
      return Promise.resolve({ value: -away });
    });
  }

  snapshot() {
    return Promise.resolve({ json: null, tensors: {} });
  }

  restore(): Promise<void> {
    return Promise.resolve();
  }
}

export const parametersDefinition = defineEvaluator({
  name: "parameters",
  summary: "no training: how near the number of parameters is to 15 million, to test a strategy",
  settings,
  cost: "lookup",
  needsDevice: false,
  loop: { epochs: 1, rounds: 60, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  open(given, { space, gpu }) {
    const input = [given.side, given.side, 3] as const;
    const { classes } = given;
    return Promise.resolve({
      evaluator: new ParameterEvaluator(space, given),
      target: { input, classes },
      arch: { input: [...input], classes },
      scoreKind: "computed" as const,
      score: { label: "parameters off the target, negated", unit: "parameters", comparable: true },
      figures: () => ({ step: 0, trainedImages: 0, peakBytes: gpu?.counters.bufferBytes ?? 0 }),
      start: {},
    });
  },
});
