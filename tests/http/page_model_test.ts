import { assert, assertEquals } from "@std/assert";
import { RunModel } from "../../src/http/ui/model.js";

const run = { command: "search", state: "running", trials: 0, warnings: [] };

/** Events with their numbers. */
function fed(events: Record<string, unknown>[]) {
  const model = new RunModel({ ...run });
  events.forEach((event, seq) => model.apply({ seq, ...event }));
  return model;
}

const step = (n: number, loss: number, learningRate = 0.1) => ({
  type: "step",
  step: n,
  steps: 100,
  loss,
  trainAccuracy: 0.5,
  learningRate,
});
const trial = (n: number, score: number, on = "reward") => ({ type: "trial", trial: n, score, on });
const best = (n: number, score: number) => ({ type: "best", trial: n, score });

Deno.test("what a resumed run repeats counts once, the last time it was said", () => {
  const model = fed([
    step(10, 2),
    step(20, 1.5),
    trial(0, 0.3),
    best(0, 0.3),
    trial(1, 0.5),
    best(1, 0.5),
    step(30, 1.2),
    { type: "resume", fromStep: 20 },
    trial(0, 0.3),
    trial(1, 0.4),
    best(1, 0.4),
    trial(2, 0.2),
    step(30, 1.1),
  ]);
  assertEquals(model.steps.x, [10, 20, 30]);
  assertEquals(model.steps.columns.loss, [2, 1.5, 1.1]);
  assertEquals(model.trials.x, [0, 1, 2]);
  assertEquals(model.trials.columns.reward, [0.3, 0.4, 0.2]);
  assertEquals(model.best.columns.score, [0.3, 0.4]);
  assertEquals([model.trialCount, model.next], [3, 13]);
});

Deno.test("epochs keep every accuracy that was measured after them", () => {
  const model = fed([
    { type: "epoch", epoch: 1, validAccuracy: 0.5, policyAccuracy: 0.25, seconds: 3 },
    { type: "epoch", epoch: 2, testAccuracy: 0.75, seconds: 4 },
  ]);
  assertEquals(model.epochs.columns, {
    validAccuracy: [0.5, null],
    policyAccuracy: [0.25, null],
    testAccuracy: [null, 0.75],
    seconds: [3, 4],
  });
});

Deno.test("a jump of the learning rate is a restart, until a resumed run takes it back", () => {
  const model = fed([step(1, 2, 0.1), step(2, 2, 0.01), step(3, 2, 0.1)]);
  assertEquals(model.restarts, [3]);
  model.apply({ seq: 3, type: "resume", fromStep: 2 });
  assertEquals([model.restarts, model.steps.x], [[], [1, 2]]);
});

Deno.test("the selection's best is the network selected, not a step of the search's best", () => {
  const model = fed([trial(0, 0.6), best(0, 0.6), trial(1, 0.4, "selection"), best(1, 0.4)]);
  assertEquals(model.best.x, [0]);
  assertEquals([model.selected?.trial, model.run.best.trial], [1, 0]);
});

Deno.test("a stream of any length keeps a bounded number of points, the newest among them", () => {
  const model = fed(Array.from({ length: 30_000 }, (_, n) => trial(n, n / 30_000)));
  const { x } = model.trials;
  assert(x.length <= 6000, `${x.length} points`);
  assertEquals([x[0], x.at(-1), model.trialCount], [0, 29_999, 30_000]);
  assert(x.every((n: number, i: number) => i === 0 || n > x[i - 1]));
});
