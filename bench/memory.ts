/**
 * How much memory do training steps take, and does it grow? `deno run -A bench/memory.ts [micro|macro]
 * [search|retrain] [steps=300] [preset=quick]`; all four kinds where none is named. Prints
 * - live: bytes of tensors alive at once, at the peak of the largest step;
 * - peak: most bytes that the pool handed out in a step, and its worst ratio to that step's live bytes, due
 *   to size classes and tensors kept too long;
 * - the pool: bytes that it owns at the end, since networks of other steps need other sizes;
 * - weights with gradients and running statistics;
 * - resident memory of the process after a tenth of the steps and after all.
 */
import { Gpu } from "../src/gpu/mod.ts";
import { Steps } from "./networks.ts";

const USAGE = "usage: bench/memory.ts [micro|macro] [search|retrain] [steps=300] [preset=quick]";

const named = Object.fromEntries(
  Deno.args.filter((a) => a.includes("=")).map((a) => a.split("=") as [string, string]),
);
const words = Deno.args.filter((a) => !a.includes("="));
const { steps = "300", preset = "quick" } = named;
const modes = ["micro", "macro"], commands = ["search", "retrain"] as const;
const known = (word: string) => [...modes, ...commands].includes(word);
if (!words.every(known) || !(Number(steps) > 0)) {
  console.error(USAGE);
  Deno.exit(2);
}
const asked = <T extends string>(all: readonly T[]) =>
  all.some((a) => words.includes(a)) ? all.filter((a) => words.includes(a)) : all;

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const resident = () => Deno.memoryUsage().rss;

async function measure(mode: string, command: "search" | "retrain"): Promise<string> {
  const gpu = await Gpu.open();
  const made = new Steps(gpu, { mode, command, preset });
  let live = 0, peak = 0, worst = 0, early = 0;
  for (let step = 0; step < Number(steps); step++) {
    const arch = made.draw();
    gpu.pool.resetPeak();
    await made.train(arch);
    const alive = made.liveBytes(arch);
    live = Math.max(live, alive);
    peak = Math.max(peak, gpu.pool.peakBytes);
    worst = Math.max(worst, gpu.pool.peakBytes / alive);
    if (step === Math.floor(Number(steps) / 10)) early = resident();
  }
  const { weights, gradients, states } = made.weights.bytes();
  const owned = gpu.pool.ownedBytes;
  gpu.close();
  return `${mode} ${command} ${preset}: live ${mib(live)}, peak ${mib(peak)}, at most ${
    worst.toFixed(2)
  } × live; the pool owns ${mib(owned)} (${(owned / live).toFixed(2)} ×), weights ${
    mib(weights + gradients + states)
  }; resident ${mib(early)}, ${mib(resident())} after ${steps} steps`;
}

for (const mode of asked(modes)) {
  for (const command of asked(commands)) console.log(await measure(mode, command));
}
