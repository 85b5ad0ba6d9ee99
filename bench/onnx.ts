/**
 * Compares onnxruntime with the engine on real test images:
 *
 *   deno run -A bench/onnx.ts RUN [--images 100] [--dump FOLDER]
 *
 * RUN is the folder of a retraining. Prints the largest difference of a probability and of a logit; the exit
 * code is 1 where one exceeds 1e-4. `--dump` writes the model, the pixels and the engine's results for other
 * runtimes.
 */
import { join } from "@std/path";
import { parseArgs } from "node:util";
import { places } from "../src/cli/paths.ts";
import { loadDataSet } from "../src/data/mod.ts";
import { Gpu } from "../src/gpu/mod.ts";
import { Classifier } from "../src/nas/train/classifier.ts";
import { readNetwork } from "../src/run/network.ts";
import { encodeModel } from "../src/run/onnx/model.ts";
import { onnxModel } from "../src/run/onnx/mod.ts";
import { Onnxruntime } from "../tests/onnxruntime/mod.ts";

const { values, positionals: [run] } = parseArgs({
  allowPositionals: true,
  options: {
    images: { type: "string", default: "100" },
    dump: { type: "string" },
  },
});
if (run === undefined) {
  throw new Error(
    "Cannot compare: no run, expected the folder of a retraining",
  );
}
const { network, tensors } = readNetwork(run);
const config = JSON.parse(Deno.readTextFileSync(join(run, "config.json")));
const [side, , channels] = network.input;
const data = await loadDataSet(config.data, {
  ...places(),
  splits: "search",
  seed: config.seed,
  side: config.image || undefined,
});
const test = await data.test();
const n = Math.min(test.n, Number(values.images));
const size = side * network.input[1] * channels;
const pixels = test.pixels.slice(0, n * size);

const gpu = await Gpu.open();
const classifier = new Classifier(gpu, network, tensors);
const ours = {
  logits: await classifier.logits(pixels, n),
  probabilities: await classifier.probabilities(pixels, n),
};
gpu.close();

const bytes = encodeModel(onnxModel({ network, tensors }));
const onnxruntime = new Onnxruntime();
const dims = [n, ...network.input];
const theirs = await onnxruntime.run(bytes, {
  name: "image",
  dims,
  data: pixels,
});
await onnxruntime.close();
let worst = 0;
for (const name of ["probabilities", "logits"] as const) {
  const { data } = theirs[name];
  const difference = data.reduce(
    (most, v, i) => Math.max(most, Math.abs(v - ours[name][i])),
    0,
  );
  worst = Math.max(worst, difference);
  console.log(
    `${name}: largest difference ${difference.toExponential(2)} over ${n} test images`,
  );
}
if (values.dump !== undefined) {
  Deno.mkdirSync(values.dump, { recursive: true });
  Deno.writeFileSync(join(values.dump, "model.onnx"), bytes);
  Deno.writeFileSync(join(values.dump, "pixels.bin"), pixels);
  for (const name of ["probabilities", "logits"] as const) {
    Deno.writeFileSync(
      join(values.dump, `${name}.bin`),
      new Uint8Array(ours[name].buffer),
    );
  }
}
Deno.exit(worst < 1e-4 ? 0 : 1);
