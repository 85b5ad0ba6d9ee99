/**
 * Times whole training steps of sampled children: `deno run -A bench/step.ts [micro|macro] [search|retrain]
 * [preset] [--set name=value …]`. Prints milliseconds, images per second, dispatches, host share, memory.
 */
import { run, Tape } from "../src/autodiff/mod.ts";
import { Gpu } from "../src/gpu/mod.ts";
import { resolveRetrainConfig, resolveSearchConfig } from "../src/nas/config.ts";
import { describe } from "../src/nas/describe.ts";
import { uniformArchitecture } from "../src/nas/sampling.ts";
import { spaces } from "../src/nas/spaces/mod.ts";
import { WeightStore } from "../src/nn/weights.ts";
import { softmaxCrossEntropy } from "../src/ops/mod.ts";
import { Rng, Stream } from "../src/random.ts";

const settings = Object.fromEntries(
  Deno.args.filter((a) => a.includes("=")).map((a) => {
    const [name, value] = a.split("=");
    return [name, JSON.parse(value)];
  }),
);
const [mode = "micro", command = "search", preset = "quick"] = Deno.args.filter((a) =>
  !a.includes("=")
);
const { steps = 12, side = 28, channels = 1, seed = 1, ...overrides } = settings;
const config = command === "search"
  ? resolveSearchConfig({ mode, preset, overrides })
  : resolveRetrainConfig({ space: mode, preset, overrides });
const gpu = await Gpu.open();
const space = spaces[mode](config.child);
const weights = new WeightStore();
const input = [side, side, channels] as const;
const into = { weights, input, classes: 10, config: config.child };
const rng = new Rng(seed, Stream.search);
const fixed = uniformArchitecture(space, rng);
if (command === "search") space.supernet(into);
else space.build(fixed, into);
weights.materialise(gpu, 1);
const pixels = Float32Array.from(
  { length: config.batch * side * side * channels },
  () => rng.next() - 0.5,
);
const images = gpu.upload(pixels, [config.batch, ...input]);
const labels = gpu.upload(Uint32Array.from({ length: config.batch }, (_, i) => i % 10));

let host = 0, total = 0, macs = 0, counted = 0, dispatches = 0, bindGroups = 0;
for (let step = 0; step < steps + 3; step++) {
  const arch = command === "search" ? uniformArchitecture(space, rng) : fixed;
  const before = { ...gpu.counters };
  const start = performance.now();
  const model = space.build(arch, into);
  const tape = new Tape();
  const pass = { training: true, batchStatistics: true, seed: 1, step, steps };
  const { logits } = model.forward(tape.input(images.shape, { tensor: images }), pass);
  const [loss] = softmaxCrossEntropy(logits, tape.input(labels.shape, { tensor: labels }));
  run(gpu, tape, { outputs: [loss], loss });
  gpu.submit();
  await gpu.settle();
  const ms = performance.now() - start;
  const compiled = gpu.counters.pipelines - before.pipelines;
  if (step < 3 || (compiled && step < steps)) continue;
  counted++;
  total += ms;
  host += ms - (gpu.counters.waitMs - before.waitMs) - (gpu.counters.compileMs - before.compileMs);
  dispatches += gpu.counters.dispatches - before.dispatches;
  bindGroups += gpu.counters.bindGroups - before.bindGroups;
  macs += describe({ space, choice: space.encode(arch), input, classes: 10, config: config.child })
    .macs!;
}
await gpu.read([labels]);
const ms = total / counted;
console.log(
  `${mode} ${command} ${preset}: ${ms.toFixed(1)} ms/step, ${
    (config.batch * 1000 / ms).toFixed(0)
  } images/s, ` +
    `${(macs / counted / 1e6).toFixed(2)} M multiply-adds/image, ${
      (6 * macs / counted * config.batch / ms / 1e6).toFixed(1)
    } GFLOP/s, ${(dispatches / counted).toFixed(0)} dispatches, ${
      (bindGroups / counted).toFixed(0)
    } new bind groups, host ${(100 * host / total).toFixed(0)} %, ` +
    `${gpu.counters.pipelines} pipelines in ${(gpu.counters.compileMs / 1000).toFixed(1)} s, peak ${
      (gpu.pool.peakBytes / 1e6).toFixed(0)
    } MB, ${weights.parameters()} weights`,
);
gpu.close();
