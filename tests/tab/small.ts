/** A search of few kernels on made-up images: what the tests of the tab run. */
import type { Overrides } from "../../src/nas/config/config.ts";

export const small: { mode: string; preset: string; overrides: Overrides } = {
  mode: "micro",
  preset: "smoke",
  overrides: {
    epochs: 2,
    batch: 16,
    evalBatch: 16,
    "evaluator.rewardBatch": 16,
    rounds: 1,
    perRound: 2,
    logEvery: 1,
    "space.blocks": 1,
    selection: { drawn: 2, best: 1, images: 16 },
  },
};

/** Side, channels and number of the made-up images. */
export const images = [8, 1, 64] as const;
