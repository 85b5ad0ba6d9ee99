/** The parts that evaluators of these tests share: they see no images, keep no state and count nothing. */
import type { Evaluator } from "denas";

/** An opened evaluator. @param own its evaluation, and its fidelities where it has some. */
export function withoutImages(own: Pick<Evaluator<unknown>, "evaluate" | "fidelities">) {
  const evaluator: Evaluator<unknown> = {
    remembers: true,
    oneByOne: true,
    snapshot: () => Promise.resolve({ json: {}, tensors: {} }),
    restore: () => Promise.resolve(),
    ...own,
  };
  return Promise.resolve({
    evaluator,
    target: { input: [8, 8, 1] as [number, number, number], classes: 2 },
    arch: { input: [8, 8, 1] as [number, number, number], classes: ["a", "b"] },
    scoreKind: "trained-briefly" as const,
    score: { label: "sum", unit: "", comparable: true },
    figures: () => ({ step: 0, trainedImages: 0, peakBytes: 0 }),
    start: {},
  });
}
