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

/** The search that the page's test starts by a link, on the page's own made-up images. */
export const inTab: typeof small = {
  mode: "micro",
  preset: "smoke",
  overrides: { ...small.overrides, epochs: 3, batch: 32, evalBatch: 32 },
};

/** What must be the same here and in a browser on the same driver. */
export interface Outcome {
  adapter: string;
  losses: [step: number, loss: number][];
  arch: string;
  trials: { trial: number; choice: number[]; score: number }[];
}

/** The adapter that a start event names. */
export function adapterOf(event: object): string {
  const { type, adapter } = event as { type: string; adapter?: { description: string } };
  return type === "start" ? adapter!.description : "";
}
