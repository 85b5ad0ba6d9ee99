/** The events of a macro search of three layers, made up: four epochs with a warm restart after the second. */
import type { RunEvent } from "../../src/nas/events.ts";

const stepsPerEpoch = 10;

export function madeSearch(): RunEvent[] {
  const epochs = Array.from({ length: 4 }, (_, epoch) => epochOf(epoch));
  return [
    {
      type: "start",
      command: "search",
      space: "macro",
      strategy: "enas",
      evaluator: "shared",
      data: {
        name: "fashion-mnist",
        ...{ train: 100, valid: 10, test: 10, classes: ["a", "b"], image: [28, 28, 1] },
      },
      epochs: 4,
      stepsPerEpoch,
      parameters: 1000,
      config: {
        preset: "quick",
        space: { kind: "macro", layers: 3, filters: 8, branches: 6, stem: 2 },
      },
    },
    ...epochs.flat(),
    trial(16, 4, [0, 1, 1, 2, 0, 1], 0.6, "selection"),
    trial(17, 4, [5, 1, 1, 3, 1, 1], 0.7, "selection"),
    { type: "best", trial: 17, epoch: 4, choice: [5, 1, 1, 3, 1, 1], score: 0.7 },
    {
      ...{ type: "done", seconds: 10, queries: 18, trainedImages: 400, peakBytes: 1000 },
      choice: [5, 1, 1, 3, 1, 1],
      score: 0.7,
    },
  ];
}

function epochOf(epoch: number): RunEvent[] {
  const rate = (step: number) => 0.1 * (1 - (step % (2 * stepsPerEpoch)) / (2 * stepsPerEpoch));
  const steps = Array.from({ length: 5 }, (_, i): RunEvent => {
    const step = epoch * stepsPerEpoch + 2 * i + 2;
    return {
      ...{ type: "step", epoch: epoch + 1, step, steps: 40, loss: 1, trainAccuracy: 0.5 },
      ...{ learningRate: rate(step - 1), imagesPerSecond: 100, secondsLeft: 1 },
    };
  });
  const trials = [0, 1, 2, 3].map((i) => {
    // The third repeats the second.
    const choice = [i === 2 ? 1 : i, 1, epoch % 2, 5, i > 1 && i !== 2 ? 1 : 0, epoch > 1 ? 1 : 0];
    return trial(4 * epoch + i, epoch, choice, (30 + 10 * epoch + i) / 100, "reward");
  });
  const validAccuracy = (30 + 10 * epoch) / 100;
  return [
    ...steps,
    ...trials,
    {
      ...{ type: "controller", epoch, loss: 0.1, reward: validAccuracy, baseline: 0.3 },
      ...{ entropy: 7 - epoch, skipRate: 0.4 },
    },
    {
      ...{ type: "epoch", epoch: epoch + 1, epochs: 4, loss: 1, trainAccuracy: 0.5 },
      ...{ validAccuracy, learningRate: rate(10 * epoch + 9), seconds: 2 },
    },
  ];
}

function trial(
  id: number,
  epoch: number,
  choice: number[],
  score: number,
  on: "reward" | "selection",
): RunEvent {
  return { type: "trial", trial: id, epoch, choice, key: choice.join(" "), score, on };
}
