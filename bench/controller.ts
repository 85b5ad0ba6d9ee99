/**
 * Does the controller learn? On a made-up reward, the share of decisions equal to a hidden architecture:
 * `deno run -A bench/controller.ts [micro|macro] [seeds=5] [steps=400] [samples=16] [setting=value …]`.
 * e.g. `bench/controller.ts macro quick steps=300 samples=256 strategy.controller.lr=0.005 strategy.controller.skipWeight=0.2`.
 * Prints how much of the way from uniform sampling to the policy's ceiling is covered. The ceiling follows
 * from the caps that the tanh constants put on every probability.
 */
import { Gpu } from "../src/gpu/mod.ts";
import { resolveSearchConfig } from "../src/nas/config/config.ts";
import { uniformArchitecture } from "../src/nas/sampling.ts";
import { decisionsOf } from "../src/nas/decisions.ts";
import type { Decision } from "../src/nas/space.ts";
import { openStrategy } from "../src/nas/search/parts.ts";
import { openSpace } from "../src/nas/registry.ts";
import type { EnasStrategy } from "../src/nas/strategies/enas.ts";
import { Rng, Stream } from "../src/common/random.ts";

const { seeds = 5, steps = 400, samples = 16, ...overrides } = Object.fromEntries(
  Deno.args.filter((a) => a.includes("=")).map((a) => {
    const [name, value] = a.split("=");
    return [name, JSON.parse(value)];
  }),
);
const [mode = "micro", preset = "paper"] = Deno.args.filter((a) => !a.includes("="));
const gpu = await Gpu.open();

/** Largest probability of option `target` among n options with logits in ±c, each with a fixed bias. */
function cap(target: number, n: number, c: number, bias: (k: number) => number): number {
  let sum = 0;
  for (let k = 0; k < n; k++) sum += Math.exp((k === target ? c : -c) + bias(k));
  return Math.exp(c + bias(target)) / sum;
}

function ceiling(d: Decision, target: number): number {
  const { tanhConstant: c, opTanhReduce } = config.strategy.controller;
  if (d.kind === "skip") return 1 / (1 + Math.exp(-2 * c));
  if (d.kind === "input" || mode === "macro") return cap(target, d.options, c, () => 0);
  const normal = d.node < config.space.blocks;
  return cap(target, d.options, c / opTanhReduce, (k) => normal ? (k < 2 ? 0.25 : -0.25) : 0);
}

const config = resolveSearchConfig({ mode, preset, overrides });
const shares: number[] = [];
for (let seed = 1; seed <= seeds; seed++) {
  const space = openSpace(config.space);
  const opened = await openStrategy({ ...config, seed }, space, { gpu });
  const strategy = opened as EnasStrategy<unknown>;
  const hidden = space.encode(uniformArchitecture(space, new Rng(seed, Stream.search, 99)));
  const decisions = decisionsOf(space, hidden);
  const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length;
  const uniform = mean(decisions.map((d) => 1 / d.options));
  const top = mean(decisions.map((d, i) => ceiling(d, hidden[i])));
  const share = (arch: unknown) => mean(space.encode(arch).map((c, i) => Number(c === hidden[i])));
  const start = performance.now();
  for (let step = 0; step < steps; step++) {
    const trials = await strategy.ask(samples);
    await strategy.tell(trials.map((t) => ({ ...t, score: { value: share(t.arch) } })));
  }
  const reached = mean((await strategy.draw(1000)).map(share));
  shares.push((reached - uniform) / (top - uniform));
  console.log(
    `${mode} seed ${seed}: uniform ${uniform.toFixed(3)}, reached ${reached.toFixed(3)}, ceiling ${
      top.toFixed(3)
    }: ` +
      `${(100 * shares[seed - 1]).toFixed(0)} % of the way, ${
        ((performance.now() - start) / steps).toFixed(0)
      } ms per step`,
  );
}
console.log(`${mode}: least ${(100 * Math.min(...shares)).toFixed(0)} % of the way`);
gpu.close();
