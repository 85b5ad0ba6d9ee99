/**
 * Time of an untrained score per network, compiling apart:
 *
 *     deno run -A bench/zero_cost.ts [score] [space] [networks]
 *
 * Defaults: nwot, the hierarchical space of the grammar, 50 networks drawn at random, batch 64, images 32×32×3.
 */
import { syntheticDataSet } from "../src/data/mod.ts";
import { Rng, Stream } from "../src/common/random.ts";
import { Gpu } from "../src/gpu/mod.ts";
import { resolveSearchConfig } from "../src/nas/config/config.ts";
import { openSpace } from "../src/nas/registry.ts";
import { uniformArchitecture } from "../src/nas/sampling.ts";
import { firstBatch } from "../src/nas/zero_cost/first_batch.ts";
import { UntrainedScorer } from "../src/nas/zero_cost/scorer.ts";

const [score = "nwot", mode = "grammar", networks = "50"] = Deno.args;
const gpu = await Gpu.open();
const config = resolveSearchConfig({
  mode,
  preset: "paper",
  overrides: { evaluator: "zero-cost", strategy: "random" },
});
const space = openSpace(config.space);
const dataset = syntheticDataSet({ train: 64, valid: 8, image: [32, 32, 3] });
const first = await firstBatch({ config, io: { dataset }, gpu }, 64);
const scorer = new UntrainedScorer({ gpu, space, seed: 1, first }, score);

const rng = new Rng(1, Stream.search);
const seconds: number[] = [], compiling: number[] = [];
for (let i = 0; i < Number(networks); i++) {
  const arch = uniformArchitecture(space, rng);
  // The first time compiles what the network needs; the second is the score's own.
  const [cold, warm] = [await timed(arch), await timed(arch)];
  seconds.push(warm);
  compiling.push(Math.max(0, cold - warm));
  console.error(
    `${i + 1} of ${networks}: ${warm.toFixed(2)} s, compiling ${compiling[i].toFixed(2)} s`,
  );
}
async function timed(arch: unknown): Promise<number> {
  const from = performance.now();
  await scorer.score(arch);
  return (performance.now() - from) / 1000;
}

const sorted = seconds.toSorted((a, b) => a - b);
console.log(JSON.stringify(
  {
    adapter: gpu.adapter.description,
    load: Deno.loadavg()[0],
    ...{ score, space: mode, networks: sorted.length },
    median: sorted[sorted.length >> 1],
    longest: sorted.at(-1),
    compiling: compiling.reduce((a, b) => a + b, 0),
  },
  null,
  1,
));
gpu.close();
