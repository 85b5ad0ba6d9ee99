/** Weights of a run are used with the forms of kernels that they were made with. */
import { digestOf, type Gpu, type Tuned } from "../gpu/mod.ts";
import { readRunTuning, runTuningPath, untuned } from "../run/tuning.ts";
import { shortPath } from "./paths.ts";
import { counted } from "./terminal.ts";

/** Candidates by key: what is to be computed chooses between, under the choices that the device uses. */
type Ask = () => ReadonlyMap<string, readonly unknown[]>;

/**
 * Makes a device compute as a run did whose weights it is to use, as far as there are the same forms here;
 * says where there are not.
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
 * Choices without those among other variants than there are now, and how many those are. What nobody asks for
 * stays. Leaves the device without choices.
 */
export function validChoices(
  gpu: Gpu,
  choices: Tuned,
  ask: Ask,
): { valid: Tuned; outdated: number } {
  const same = new Map<string, number>();
  const other = new Set<string>();
  // A form may have choices of its own: asked until nothing new is heard.
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
