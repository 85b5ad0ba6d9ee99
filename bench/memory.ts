/**
 * Does memory grow? `deno run -A bench/memory.ts [micro|macro] [steps=2000] [preset=smoke]`: resident memory
 * at step 300 and at the last step of a shared-weight search, and the most bytes of intermediate results
 * alive in a step against what `describe` computes for the sampled child.
 */
import { loadDataSet, usualPlaces } from "../src/data/mod.ts";
import { Gpu } from "../src/gpu/mod.ts";
import { resolveSearchConfig } from "../src/nas/config.ts";
import { describe } from "../src/nas/describe.ts";
import type { ChildConfig, SearchSpace } from "../src/nas/space.ts";
import { search } from "../src/nas/search.ts";
import { spaces } from "../src/nas/spaces/mod.ts";
import { memoryStore } from "../src/nas/store.ts";

const named = Object.fromEntries(
  Deno.args.filter((a) => a.includes("=")).map((a) => a.split("=") as [string, string]),
);
const [mode = "micro"] = Deno.args.filter((a) => !a.includes("="));
const steps = Number(named.steps ?? 2000);
const preset = named.preset ?? "smoke";
const base = resolveSearchConfig({ mode, preset });
const config = resolveSearchConfig({
  mode,
  preset,
  overrides: { epochs: 1, rounds: 1, trainImages: Math.min(54000, steps * base.batch) },
});
const dataset = await loadDataSet(config.data, {
  ...usualPlaces(Deno.env.toObject(), Deno.cwd()),
  splits: "search",
  seed: 1,
  trainLimit: config.trainImages,
  validLimit: config.validImages,
});

/** Bytes of intermediate results that `describe` expects of one training step. */
const expected = (space: SearchSpace<unknown>, child: ChildConfig, choice: number[]) =>
  describe({
    space,
    choice,
    input: dataset.image,
    classes: dataset.classes.length,
    config: child,
    batch: config.batch,
  }).memory.step!;

const gpu = await Gpu.open();
const space = spaces[mode](config.child) as SearchSpace<unknown>;
const build = space.build.bind(space);
let worst = 0;
let sampled: number[] | null = null;
const measured: SearchSpace<unknown> = {
  ...space,
  build(arch, into) {
    if (sampled) {
      worst = Math.max(worst, gpu.pool.peakBytes / expected(space, config.child, sampled));
    }
    gpu.pool.resetPeak();
    sampled = into.weights.materialised ? space.encode(arch) : null;
    return build(arch, into);
  },
};
const own = spaces as Record<string, (config: ChildConfig) => SearchSpace<unknown>>;
own[mode] = () => measured;

const rss = new Map<number, number>();
const io = { signal: new AbortController().signal, store: memoryStore(), gpu, dataset };
for await (const event of search(config, io)) {
  if (event.type === "step") rss.set(event.step, Deno.memoryUsage().rss / 2 ** 20);
  if (event.type === "controller") break;
}
const last = Math.max(...rss.keys());
const early = rss.get(300) ?? rss.get(Math.min(...rss.keys()))!;
console.log(
  `${mode} ${preset}: resident ${early.toFixed(0)} MiB at step 300, ${
    rss.get(last)!.toFixed(0)
  } MiB at step ` +
    `${last}; a step's intermediate results take at most ${
      worst.toFixed(2)
    } × what describe computes; the pool ` +
    `owns ${(gpu.pool.ownedBytes / 2 ** 20).toFixed(0)} MiB`,
);
gpu.close();
