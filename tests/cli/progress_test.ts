import { assert, assertEquals } from "@std/assert";
import { barLine, Progress, type Screen } from "../../src/cli/progress.ts";
import type { LoggedEvent } from "../../src/nas/events.ts";

type Step = Extract<LoggedEvent, { type: "step" }>;

function step(number: number, over: Partial<Step> = {}): Step {
  return {
    seq: number,
    time: "",
    type: "step",
    epoch: 0,
    step: number,
    steps: 100,
    loss: 1.5,
    trainAccuracy: 0.5,
    learningRate: 0.1,
    imagesPerSecond: 250.4,
    secondsLeft: 200,
    ...over,
  };
}

function screen(terminal: boolean): Screen & { text: string } {
  return {
    text: "",
    terminal,
    columns() {
      if (!terminal) throw new Error("nobody knows the width of a file");
      return 100;
    },
    write(text: string) {
      this.text += text;
    },
  };
}

Deno.test("the bar shows k of N, rate, time left and the best so far, and fits its line", () => {
  const line = barLine(step(50), 0.8123, 110);
  assert(line.includes("50/100"), line);
  assert(line.includes("250 images/s"), line);
  assert(line.includes("3 min 20 s left"), line);
  assert(line.includes("best 81.23 %"), line);
  assertEquals(line.split("█").length - 1, line.split("░").length - 1);
  for (const columns of [10, 40, 80, 200]) {
    assert(barLine(step(50), 0.8, columns).length <= columns);
  }
});

Deno.test("a terminal gets at most ten redraws a second", () => {
  const out = screen(true);
  const progress = new Progress(out);
  const { now } = performance;
  try {
    for (let i = 0; i < 15; i++) {
      performance.now = () => 10_000 + 20 * i;
      progress.show(step(i + 1));
    }
  } finally {
    performance.now = now;
  }
  // At 0, 100 and 200 ms of 280.
  assertEquals(out.text.split("\r").length - 1, 3);
});

Deno.test("elsewhere steps are silent and an epoch is one line", () => {
  const out = screen(false);
  const progress = new Progress(out);
  for (let i = 1; i <= 15; i++) progress.show(step(i));
  assertEquals(out.text, "");
  progress.show({
    seq: 1,
    time: "",
    type: "epoch",
    epoch: 1,
    epochs: 3,
    loss: 1.25,
    trainAccuracy: 0.5,
    validAccuracy: 0.6,
    learningRate: 0.05,
    seconds: 75,
  });
  assertEquals(
    out.text,
    "epoch 1/3  loss 1.250  train 50.00 %  valid 60.00 %  lr 0.05  1 min 15 s\n",
  );
});

Deno.test("a policy's average and a look at the test images are called so", () => {
  const out = screen(false);
  const progress = new Progress(out);
  const epoch = { seq: 2, time: "", type: "epoch", epoch: 1, epochs: 3, loss: 1 } as const;
  const figures = { trainAccuracy: 0.5, learningRate: 0.05, seconds: 75 };
  progress.show({ ...epoch, ...figures, policyAccuracy: 0.25 });
  progress.show({ ...epoch, ...figures, testAccuracy: 0.75 });
  assertEquals(
    out.text,
    "epoch 1/3  loss 1.000  train 50.00 %  policy 25.00 %  lr 0.05  1 min 15 s\n" +
      "epoch 1/3  loss 1.000  train 50.00 %  test, looked at, 75.00 %  lr 0.05  1 min 15 s\n",
  );
});

Deno.test("what shared weights score is called so, and what ends a search early is said", () => {
  const out = screen(false);
  const progress = new Progress(out);
  const start = { seq: 0, time: "", type: "start", command: "search", space: "macro" } as const;
  progress.show({ ...start, epochs: 3, stepsPerEpoch: 5, parameters: 7, config: {} });
  const best = { seq: 1, time: "", type: "best", trial: 0, epoch: 0 } as const;
  progress.show({ ...best, choice: [1], score: 0.75 });
  const epoch = { seq: 2, time: "", type: "epoch", epoch: 1, epochs: 3, loss: 1 } as const;
  const figures = { trainAccuracy: 0.5, validAccuracy: 0.6, learningRate: 0.05, seconds: 75 };
  progress.show({ ...epoch, ...figures, stoppedAt: 0.75 });
  assertEquals(
    out.text.split("\n").slice(1).join("\n"),
    "epoch 1/3  loss 1.000  train 50.00 %  shared 60.00 %  lr 0.05  1 min 15 s  best shared 75.00 %\n" +
      "stopping early: an architecture scored 75.00 % (--early-stop-over)\n",
  );
});

Deno.test("after twenty steps of this process the projected end is printed, once", () => {
  const out = screen(false);
  const progress = new Progress(out, () => new Date(2026, 0, 1, 12, 0, 0));
  progress.show({ seq: 0, time: "", type: "resume", fromStep: 40 });
  out.text = "";
  for (let i = 41; i < 60; i++) progress.show(step(i));
  assertEquals(out.text, "");
  for (let i = 60; i < 90; i++) progress.show(step(i));
  assertEquals(out.text, "this run should end in 3 min 20 s, at 12:03\n");
});

Deno.test("the screen is never cleared, and lines are not mixed with the bar", () => {
  const out = screen(true);
  const progress = new Progress(out);
  progress.show(step(1));
  progress.show({ seq: 2, time: "", type: "warn", message: "careful" });
  assert(out.text.includes("\r\x1b[Kwarning: careful\n") || out.text.includes("careful\n"));
  assert(!out.text.includes("\x1b[2J"));
});
