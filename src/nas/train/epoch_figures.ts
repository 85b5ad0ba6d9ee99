/** Means over all steps of an epoch, computed from its step events. */
import type { RunEvent } from "../events.ts";

/** Sums of the current epoch. Part of a checkpoint, so that an interruption changes no mean. */
export interface EpochSums {
  /** Steps and training images of the whole run up to the last step event. */
  step: number;
  trainedImages: number;
  /** Counts of the current epoch. */
  steps: number;
  images: number;
  loss: number;
  accuracy: number;
  gradientNorm: number;
}

export const startSums = (): EpochSums => ({
  step: 0,
  trainedImages: 0,
  ...{ steps: 0, images: 0, loss: 0, accuracy: 0, gradientNorm: 0 },
});

type StepEvent = Extract<RunEvent, { type: "step" }>;

/**
 * Adds a step event, whose figures cover the steps since the last one.
 * @param trainedImages images trained in the whole run.
 */
export function addStep(sums: EpochSums, event: StepEvent, trainedImages: number): void {
  const images = trainedImages - sums.trainedImages;
  const steps = event.step - sums.step;
  sums.loss += event.loss * images;
  sums.accuracy += event.trainAccuracy * images;
  sums.gradientNorm += (event.gradientNorm ?? 0) * steps;
  sums.steps += steps;
  sums.images += images;
  [sums.step, sums.trainedImages] = [event.step, trainedImages];
}

/**
 * Returns the epoch's means (loss and accuracy per image, gradient norm per step) and resets the sums. Loss
 * and accuracy are 0 where the epoch has no steps.
 */
export function takeMeans(sums: EpochSums) {
  const { steps, images, loss, accuracy, gradientNorm } = sums;
  Object.assign(sums, { steps: 0, images: 0, loss: 0, accuracy: 0, gradientNorm: 0 });
  return {
    loss: loss / Math.max(images, 1),
    trainAccuracy: accuracy / Math.max(images, 1),
    gradientNorm: steps ? gradientNorm / steps : undefined,
  };
}
