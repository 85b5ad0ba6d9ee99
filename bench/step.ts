/**
 * Times whole training steps of sampled children: `deno run -A bench/step.ts [micro|macro] [search|retrain]
 * [preset] [name=value …]`. Prints milliseconds, images per second, dispatches, host share, memory.
 */
import { stepLine, timeStep } from "./steps.ts";

const { steps = 12, seed = 1, ...overrides } = Object.fromEntries(
  Deno.args.filter((a) => a.includes("=")).map((a) => {
    const [name, value] = a.split("=");
    return [name, JSON.parse(value)];
  }),
);
const [mode = "micro", command = "search", preset = "quick"] = Deno.args.filter((a) =>
  !a.includes("=")
);
if (command !== "search" && command !== "retrain") {
  console.error(`Cannot time ${command}: expected search or retrain`);
  Deno.exit(2);
}
console.log(stepLine(await timeStep({ mode, command, preset, overrides, seed }, steps)));
