import { assertEquals } from "@std/assert";
import { fewSteps } from "../../src/cli/few_steps.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../../src/nas/config/config.ts";

const searching = (overrides = {}, preset = "quick") =>
  resolveSearchConfig({ mode: "micro", preset, overrides: { epochs: 4, batch: 96, ...overrides } });

Deno.test("a run of few steps on few images is told which options make more", () => {
  assertEquals(
    fewSteps(searching({ rounds: 12 }), 216),
    "4 × 3 training steps are few for 216 images; try --epochs 19 --batch 21 --set rounds=3",
  );
  const training = resolveRetrainConfig({ space: "micro", overrides: { epochs: 1, batch: 64 } });
  assertEquals(
    fewSteps(training, 20),
    "1 × 1 training steps are few for 20 images; try --epochs 100 --batch 8",
  );
});

Deno.test("no advice where steps are enough, nor for a run that only shows that all works", () => {
  assertEquals(fewSteps(searching(), 13_440), null);
  assertEquals(fewSteps(searching({ epochs: 34 }), 216), null);
  assertEquals(fewSteps(searching({}, "smoke"), 216), null);
});
