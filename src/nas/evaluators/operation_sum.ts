/**
 * Evaluation without images or a device: the sum of the chosen operations' numbers. The best architecture is
 * known, so that a strategy can be tested by it (`DEBUG_EVOLUTION` of the released code of modular NAS).
 */
import * as z from "zod";
import { idxSetNamed } from "../../data/set_names.ts";
import { decisionsOf } from "../decisions.ts";
import { defineEvaluator } from "../definition.ts";
import { evaluateEach } from "../results.ts";
import type { SearchSpace } from "../space.ts";

/** Sum of the options chosen in decisions on operations. */
export function operationSum<A>(space: SearchSpace<A>, arch: A): number {
  const choice = space.encode(arch);
  return decisionsOf(space, choice)
    .reduce((sum, { kind }, i) => sum + (kind === "op" ? choice[i] : 0), 0);
}

export const operationSumDefinition = defineEvaluator({
  name: "operation-sum",
  summary: "no training: the sum of the chosen operations' numbers, to test a strategy",
  settings: z.strictObject({}),
  cost: "lookup",
  needsDevice: false,
  flag: {
    option: "debugEvolution",
    help: "score by the sum of the modules' numbers, without images",
  },
  loop: { epochs: 1, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  open(_settings, { config, space, gpu }) {
    const input: [number, number, number] = idxSetNamed(config.data) ? [28, 28, 1] : [32, 32, 3];
    const classes = config.data === "cifar100" ? 100 : 10;
    return Promise.resolve({
      evaluator: {
        remembers: true,
        evaluate: (trials) =>
          evaluateEach(trials, ({ arch }) => ({ value: operationSum(space, arch) })),
        snapshot: () => Promise.resolve({ json: null, tensors: {} }),
        restore: () => Promise.resolve(),
      },
      target: { input, classes },
      arch: { input, classes },
      scoreKind: "debug",
      score: { label: "sum of the chosen operations' numbers", unit: "", comparable: true },
      figures: () => ({ step: 0, trainedImages: 0, peakBytes: gpu?.counters.bufferBytes ?? 0 }),
      start: {},
    });
  },
});
