/**
 * One training step of a modular network at its published size: 64 filters, four modules of a fixed list, images
 * of 32 × 32 × 3, batch 2. Prints loss, gradient norm, seconds and peak memory; the exit code is 1 where the loss
 * is not finite: deno run -A bench/modular_step.ts [--filters 64]
 */
import { parseArgs } from "node:util";
import { Batches } from "../src/data/batches.ts";
import { syntheticDataSet } from "../src/data/mod.ts";
import { Gpu } from "../src/gpu/mod.ts";
import { resolveSearchConfig } from "../src/nas/config/config.ts";
import { openSpace } from "../src/nas/registry.ts";
import { Trainer } from "../src/nas/train/training.ts";
import { WeightStore } from "../src/nn/weights.ts";

const { values } = parseArgs({ options: { filters: { type: "string", default: "64" } } });
const modules = [
  "0111010/0000001/0000001/0000100/0000001/0000001/0000000:input,conv1x1-bn-relu,conv3x3-bn-relu," +
  "conv3x3-bn-relu,conv3x3-bn-relu,maxpool3x3,output",
  "01001/00111/00011/00001/00000:input,conv3x3-bn-relu,maxpool3x3,conv3x3-bn-relu,output",
  "0110/0011/0001/0000:input,conv3x3-bn-relu,maxpool3x3,output",
];
const config = resolveSearchConfig({
  mode: "modular",
  preset: "modular",
  overrides: { "space.modules": modules, "space.filters": Number(values.filters), batch: 2 },
});
const gpu = await Gpu.open();
const data = syntheticDataSet({ train: 2, valid: 0, test: 0, image: [32, 32, 3], classes: 10 });
const batches = new Batches(gpu, data.train, { ...config, ...data });
const space = openSpace(config.space);
const weights = new WeightStore();
const context = { input: data.image, classes: 10, form: "final" as const, weights };
const model = space.build(space.decode([0, 1, 2, 0]), context);
weights.materialise(gpu, config.seed);
const trainer = new Trainer(gpu, weights, config.optimizer, config.auxWeight);
const pass = { training: true, batchStatistics: true, seed: config.seed, step: 0, steps: 1 };
const from = performance.now();
await trainer.step(model, batches.next(0), pass, config.optimizer.lrMax);
const { loss, gradientNorm } = await trainer.tally();
console.log(
  `${weights.parameters().toLocaleString("en-US")} parameters, loss ${
    loss.toFixed(4)
  }, gradient norm ` +
    `${gradientNorm?.toFixed(2)}, ${
      ((performance.now() - from) / 1000).toFixed(1)
    } s with compiling, peak ` +
    `${(gpu.counters.bufferBytes / 2 ** 20).toFixed(0)} MiB`,
);
gpu.close();
Deno.exit(Number.isFinite(loss) ? 0 : 1);
