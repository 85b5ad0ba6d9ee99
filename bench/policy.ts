/**
 * Did the controller learn anything on real images? `deno run -A bench/policy.ts RUN_FOLDER [samples=100]
 * [images=1000]`: mean accuracy of architectures sampled from the trained policy minus that of uniformly
 * sampled ones, with the same shared weights and validation images, and its standard error.
 */
import { join } from "@std/path";
import { loadDataSet, usualPlaces } from "../src/data/mod.ts";
import { Gpu } from "../src/gpu/mod.ts";
import { parseSearchConfig } from "../src/nas/config/config.ts";
import { partOf } from "../src/nas/search/progress.ts";
import { uniformArchitecture } from "../src/nas/sampling.ts";
import { openSearch } from "../src/nas/search/search.ts";
import { Rng, Stream } from "../src/common/random.ts";
import { readCheckpoint } from "../src/run/folder.ts";

const [folder, ...settings] = Deno.args;
const { samples = 100, images = 1000 } = Object.fromEntries(
  settings.map((a) => [a.split("=")[0], Number(a.split("=")[1])]),
);
const text = Deno.readTextFileSync(join(folder, "config.json"));
const config = parseSearchConfig(JSON.parse(text));
config.selection.images = images;
const places = usualPlaces(Deno.env.toObject(), Deno.cwd());
const dataset = await loadDataSet(config.data, {
  ...places,
  splits: "search",
  seed: config.seed,
  trainLimit: config.trainImages || undefined,
  validLimit: config.validImages || undefined,
});
const gpu = await Gpu.open();
const { signal } = new AbortController();
const parts = await openSearch(config, gpu, { signal, dataset });
const saved = readCheckpoint(folder)?.state;
if (!saved) throw new Error(`Cannot compare policies of ${folder}: it has no checkpoint`);
await parts.strategy.restore(partOf(saved, "strategy"));
await parts.evaluator.restore(partOf(saved, "evaluator"));

const rng = new Rng(config.seed, Stream.search, 1);
const policy = await parts.strategy.draw(samples);
const uniform = Array.from({ length: samples }, () => uniformArchitecture(parts.space, rng));
const trials = [...policy, ...uniform].map((arch, id) => ({ id, arch }));
const values: number[] = [];
for await (const result of parts.evaluator.evaluate(trials, "selection", signal)) {
  if (result.status !== "ok") throw new Error(`Cannot compare policies: ${result.reason}`);
  values[result.trial] = result.score.value;
}
const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length;
const variance = (v: number[]) =>
  v.reduce((a, b) => a + (b - mean(v)) ** 2, 0) / (v.length - 1) / v.length;
const [p, u] = [values.slice(0, samples), values.slice(samples)];
const percent = (v: number) => `${(100 * v).toFixed(2)} %`;
console.log(
  `${folder}: ${samples} samples each on ${images} validation images: policy ${
    percent(mean(p))
  }, uniform ` +
    `${percent(mean(u))}, difference ${percent(mean(p) - mean(u))} ± ${
      percent(Math.sqrt(variance(p) + variance(u)))
    }`,
);
gpu.close();
