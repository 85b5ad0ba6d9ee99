/** Applies a run's kernel variants where its weights are used. */
import { digestOf, type Gpu, type Tuned } from "../gpu/mod.ts";
import { readRunTuning, runTuningPath, untuned } from "../run/tuning.ts";
import { shortPath } from "./paths.ts";
import { counted } from "./terminal.ts";

/** Returns, by key, the candidates of a computation under the device's current choices. */
type Ask = () => ReadonlyMap<string, readonly unknown[]>;

/**
 * Makes a device use the kernel variants that a run used, as far as they exist here, and notes those that do
 * not.
 * @throws DataError where the run's tuning is damaged.
 */
export function followTuning(
  gpu: Gpu,
  run: string,
  ask: Ask,
  note: (line: string) => void,
): void {
  const path = runTuningPath(run);
  const { choices } = readRunTuning(path) ?? untuned;
  const { valid, outdated } = validChoices(gpu, choices, ask);
  gpu.tuning.use(valid, shortPath(path));
  if (outdated === 0) return;
  const trained = `${shortPath(run)} was trained`;
  note(`${kernelsHave(outdated)} other forms here than where ${trained}: last digits may differ`);
}

/** 1 kernel has, 2 kernels have */
export const kernelsHave = (n: number): string =>
  `${counted(n, "kernel")} ${n === 1 ? "has" : "have"}`;

/**
 * Drops choices whose list of candidates has changed, and counts them. Choices that are not asked for stay.
 * Leaves the device without choices.
 */
export function validChoices(
  gpu: Gpu,
  choices: Tuned,
  ask: Ask,
): { valid: Tuned; outdated: number } {
  const same = new Map<string, number>();
  const other = new Set<string>();
  // A variant may have choices of its own: ask again until no new key appears.
  for (let heard = -1; heard < same.size + other.size;) {
    heard = same.size + other.size;
    gpu.tuning.choices = Object.fromEntries(same);
    for (const [key, candidates] of ask()) {
      const choice = choices[key];
      if (!choice) continue;
      if (choice.among === digestOf(candidates)) same.set(key, choice.index);
      else other.add(key);
    }
  }
  gpu.tuning.choices = {};
  const valid = Object.entries(choices).filter(([key]) => !other.has(key));
  return { valid: Object.fromEntries(valid), outdated: other.size };
}
