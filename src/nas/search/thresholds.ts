/** Epochs of training of networks that inherit weights. */
import { UsageError } from "../../common/errors.ts";

/** Epochs of training by the number of donors that every slot has. */
export type Thresholds = Readonly<Record<string, number>>;

/**
 * Epochs for a number of donors: those of the largest threshold that is reached.
 * @throws UsageError unless there is a threshold 0, and more donors never mean more epochs.
 */
export function epochsFor(thresholds: Thresholds, donors: number): number {
  const steps = stepsOf(thresholds);
  return steps.findLast(({ least }) => donors >= least)!.epochs;
}

/** The thresholds by rising number of donors. @throws UsageError as `epochsFor`. */
export function stepsOf(thresholds: Thresholds): { least: number; epochs: number }[] {
  const problem = problemOf(thresholds);
  if (problem === undefined) return sorted(thresholds);
  throw new UsageError(`Cannot use thresholds ${JSON.stringify(thresholds)}: ${problem}`);
}

/** Message on thresholds that are not usable, with what is expected. */
export function problemOf(thresholds: Thresholds): string | undefined {
  const steps = sorted(thresholds);
  const wrong = steps.findIndex(({ epochs }, i) => i > 0 && epochs > steps[i - 1].epochs);
  if (steps[0]?.least === 0 && wrong < 0) return undefined;
  const found = wrong < 0
    ? "there is none for 0 donors"
    : `${steps[wrong].least} donors lead to ${steps[wrong].epochs} epochs, fewer to ${
      steps[wrong - 1].epochs
    }`;
  return `${found}, expected epochs that never rise with the donors, as in {"0":108,"1":60,"2":22,"4":10}`;
}

const sorted = (thresholds: Thresholds) =>
  Object.entries(thresholds).map(([least, epochs]) => ({ least: Number(least), epochs }))
    .sort((a, b) => a.least - b.least);
