/**
 * Plug-in for tests of workers: an evaluator that sleeps, scores each choice by a smooth function, and can
 * kill its process, fail, or hang at a known place.
 */
import { defineEvaluator, evaluateEach, z } from "denas";
import { hang } from "./hold.ts";
import { withoutImages } from "./without_images.ts";

const settings = z.strictObject({
  /** Milliseconds per trial, and how much more a trial may take by its choice. */
  milliseconds: z.number().int().min(0).max(3_600_000).default(20),
  spread: z.number().int().min(0).max(3_600_000).default(0),
  /** First option of architectures that end their process; -1 = none. */
  poison: z.number().int().min(-1).default(-1),
  /** Whether every trial fails. */
  fails: z.boolean().default(false),
  /** File; while it is there, the trial `HELD` does not end, and leaves a file `.reached` beside it. */
  hold: z.string().default(""),
});

/** A trial whose process can be ended while it runs. */
export const HELD = 5;

export default defineEvaluator({
  name: "sleeping",
  summary: "sleeps, then scores by a formula",
  settings,
  cost: "training",
  needsDevice: false,
  loop: { epochs: 1, rounds: 20, perRound: 1, "selection.drawn": 0, "selection.best": 1 },
  open({ milliseconds, spread, poison, fails, hold }, { space, io: { signal } }) {
    return withoutImages({
      fidelities: [1, 3, 9],
      evaluate: (trials) =>
        evaluateEach(trials, async ({ id, arch, epochs = 9 }) => {
          if (id === HELD) await hang(hold, signal);
          const choice = space.encode(arch);
          if (fails) throw new RangeError("it fails");
          if (choice[0] === poison) Deno.exit(7);
          const sum = choice.reduce((a, b, i) => a + Math.sin(b * 1.3 + i), 0);
          const ms = milliseconds + Math.floor(spread * Math.abs(Math.sin(9 * sum)));
          await new Promise((resolve) => setTimeout(resolve, ms * epochs / 9));
          signal.throwIfAborted();
          return { value: sum - 0.1 / epochs };
        }),
    });
  },
});
