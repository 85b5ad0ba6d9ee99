/**
 * Plug-in for tests of checkpoints: a training of some steps without a device. While its file `hold` is there, it
 * stops for good after the third step, so that its process can be killed at a known place.
 */
import { defineEvaluator, evaluateEach, z } from "denas";
import { hang } from "./hold.ts";
import { withoutImages } from "./without_images.ts";

const STEPS = 6, HELD = 3;

const settings = z.strictObject({
  hold: z.string().default(""),
  /** Numbers in the score, to make results large. */
  numbers: z.number().int().min(0).max(10_000_000).default(0),
});

/** The score of a training that nothing interrupts. */
export function wholeScore(): number {
  let sum = 0;
  for (let step = 0; step < STEPS; step++) sum = next(sum, step);
  return sum;
}

const next = (sum: number, step: number) => Math.fround(1.1 * sum + step);

export default defineEvaluator({
  name: "stepping",
  summary: "adds up numbers, with checkpoints",
  settings,
  cost: "training",
  needsDevice: false,
  loop: { epochs: 1, rounds: 4, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  open({ hold, numbers }, { io: { checkpoints } }) {
    const train = async () => {
      const saved = await checkpoints?.load();
      let sum = saved?.state.tensors.sum.data[0] ?? 0;
      for (let step = saved?.step ?? 0; step < STEPS; step++) {
        sum = next(sum, step);
        const state = { json: null, tensors: { sum: { shape: [1], data: Float32Array.of(sum) } } };
        if (checkpoints?.isDue()) await checkpoints.save(step + 1, state);
        if (step + 1 === HELD) await hang(hold);
      }
      return { value: sum, ...numbers > 0 && { objectives: Array(numbers).fill(0.123456789) } };
    };
    return withoutImages({ evaluate: (trials) => evaluateEach(trials, train) });
  },
});
