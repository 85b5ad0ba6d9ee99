/** What onnxruntime makes of an exported file is what the engine makes of the network. */
import assert from "node:assert/strict";
import * as ort from "onnxruntime-web";
import { Gpu } from "../../src/gpu/mod.ts";
import { Classifier } from "../../src/nas/classifier.ts";
import { resolveRetrainConfig } from "../../src/nas/config.ts";
import { buildNetwork, type NetworkFile } from "../../src/nas/network.ts";
import { Rng } from "../../src/random.ts";
import { encodeModel } from "../../src/run/onnx/model.ts";
import { onnxModel } from "../../src/run/onnx/mod.ts";
import type { Tensors } from "../../src/run/safetensors.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";
const gpu = await Gpu.open();

interface Wanted {
  space: string;
  choice: number[];
  input: [number, number, number];
  child?: Record<string, unknown>;
  task?: NetworkFile["task"];
}

function networkFor({ space, choice, input, child = {}, task = "single-label" }: Wanted) {
  const overrides = Object.entries({ filters: 6, blocks: 1, stem: 1, ...child })
    .map(([name, value]) => [`child.${name}`, value]);
  const config = resolveRetrainConfig({
    space,
    preset: "smoke",
    overrides: Object.fromEntries(overrides),
  });
  const channels = Array.from({ length: input[2] }, (_, i) => 0.1 * i);
  const network: NetworkFile = {
    format: "denas-network",
    version: 1,
    space,
    choice,
    child: config.child,
    input,
    classes: ["round", "square", "neither", "both"],
    task,
    mean: channels.map((v) => 0.4 + v),
    deviation: channels.map((v) => 0.2 + v),
    data: "shapes",
  };
  return network;
}

/** Weights as if trained: every number its own, the running statistics far from where they start. */
async function trainedWeights(network: NetworkFile): Promise<Tensors> {
  const { weights } = buildNetwork(network);
  weights.materialise(gpu, 3);
  const tensors = await weights.tensors();
  const rng = new Rng(7, 0, 0);
  for (const [name, { data }] of Object.entries(tensors)) {
    if (/(gamma|beta)$/.test(name)) data.forEach((_, i) => data[i] = 0.5 + rng.next());
    if (!name.endsWith("running")) continue;
    const c = (data.length - 1) / 2;
    for (let i = 0; i < c; i++) {
      data[i] = rng.next() - 0.3;
      data[c + i] = 0.3 + rng.next();
    }
    data[2 * c] = 5;
  }
  return tensors;
}

/** Largest difference of probabilities and logits between the engine and onnxruntime. */
async function difference(network: NetworkFile, n: number): Promise<number> {
  const tensors = await trainedWeights(network);
  const { input: [h, w, c], classes } = network;
  const rng = new Rng(11, 0, 0);
  const pixels = Uint8Array.from({ length: n * h * w * c }, () => Math.floor(256 * rng.next()));
  const classifier = new Classifier(gpu, network, tensors);
  const bytes = encodeModel(onnxModel({ network, tensors }));
  const session = await ort.InferenceSession.create(bytes);
  const image = new ort.Tensor("uint8", pixels, [n, h, w, c]);
  const out = await session.run({ image });
  await session.release();
  assert.deepEqual(out.probabilities.dims, [n, classes.length]);
  const pairs = [
    [out.logits.data, await classifier.logits(pixels, n)],
    [out.probabilities.data, await classifier.probabilities(pixels, n)],
  ] as [Float32Array, Float32Array][];
  const [logits] = pairs[1];
  assert.ok(logits.some((v) => Math.abs(v - logits[0]) > 1e-3), "all images look the same");
  return Math.max(...pairs.flatMap(([a, b]) => [...a].map((v, i) => Math.abs(v - b[i]))));
}

/** Macro: all six operations, skips, two reductions. Micro: all five operations in both cells. */
const macro = [0, 1, 1, 2, 0, 1, 3, 1, 0, 1, 4, 0, 1, 1, 0, 5, 1, 0, 0, 1, 0];
const micro = [
  ...[0, 0, 1, 1, 0, 2, 1, 3, 2, 4, 0, 0],
  ...[0, 3, 1, 2, 1, 4, 0, 0, 3, 1, 1, 4],
];
const wanted: Record<string, Wanted> = {
  "macro, all operations": {
    space: "macro",
    choice: macro,
    input: [12, 12, 3],
    child: { layers: 6 },
  },
  "macro, odd sizes, stem of stride 4": {
    space: "macro",
    choice: macro,
    input: [27, 27, 1],
    child: { layers: 6, stem: 4 },
  },
  "macro in the form of the search": {
    space: "macro",
    choice: macro,
    input: [11, 11, 3],
    child: { layers: 6, form: "search" },
  },
  "micro, all operations": {
    space: "micro",
    choice: micro,
    input: [16, 16, 3],
    child: { blocks: 3 },
  },
  "micro, odd sizes that are no squares, stem of stride 2": {
    space: "micro",
    choice: micro,
    input: [21, 13, 1],
    child: { blocks: 3, stem: 2 },
  },
  "micro in the form of the search": {
    space: "micro",
    choice: micro,
    input: [9, 9, 3],
    child: { blocks: 3, form: "search" },
  },
  "micro on images that shrink to one pixel": {
    space: "micro",
    choice: micro,
    input: [4, 4, 1],
    child: { blocks: 3, stem: 2 },
  },
  "micro with any number of labels": {
    space: "micro",
    choice: micro,
    input: [8, 8, 3],
    child: { blocks: 3 },
    task: "multi-label",
  },
};

for (const [name, network] of Object.entries(wanted)) {
  Deno.test(`ONNX: ${name}: onnxruntime gives the engine's numbers`, async () => {
    const worst = await difference(networkFor(network), 7);
    assert.ok(worst < 1e-4, `differs by ${worst}`);
  });
}
