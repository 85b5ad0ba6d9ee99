/** onnxruntime's results on an exported file equal those of the engine on the network. */
import assert from "node:assert/strict";
import { apply, part, registry, reshape, run, Tape, type Value } from "../../src/autodiff/mod.ts";
import { heInit } from "../../src/nn/init.ts";
import { WeightStore } from "../../src/nn/weights.ts";
import { UsageError } from "../../src/common/errors.ts";
import { Gpu } from "../../src/gpu/mod.ts";
import { Classifier } from "../../src/nas/train/classifier.ts";
import { resolveRetrainConfig } from "../../src/nas/config/config.ts";
import { buildNetwork, type NetworkFile } from "../../src/nas/train/network.ts";
import { uniformArchitecture } from "../../src/nas/sampling.ts";
import { openSpace, spaces } from "../../src/nas/registry.ts";
import {
  add,
  addScaled,
  argmax,
  avgPool2d,
  biasAdd,
  binary,
  binaryFunctions,
  concat,
  conv2d,
  depthwiseConv2d,
  gelu,
  globalAvgPool,
  hardSwish,
  instanceNorm,
  layerNorm,
  maxPool2d,
  mish,
  mul,
  pointwise,
  relu,
  scale,
  sigmoid,
  silu,
  slice,
  tanh,
  unary,
  unaryFunctions,
} from "../../src/ops/mod.ts";
import { Rng } from "../../src/common/random.ts";
import { namedTensors } from "../../src/run/named_tensors.ts";
import { emitters } from "../../src/run/onnx/emitters.ts";
import { GraphBuilder, transposed } from "../../src/run/onnx/graph.ts";
import { encodeModel } from "../../src/run/onnx/model.ts";
import { onnxModel } from "../../src/run/onnx/mod.ts";
import { decodeSafetensors, encodeSafetensors, type Tensors } from "../../src/run/safetensors.ts";
import { assertAlmostEquals, assertThrows } from "../assert.ts";
import { trees } from "../nas/grammar/_trees.ts";
import { settingsFor } from "../nas/child_config.ts";
import { Onnxruntime } from "../onnxruntime/mod.ts";

const onnxruntime = new Onnxruntime();
globalThis.addEventListener("unload", () => onnxruntime.kill());
const gpu = await Gpu.open();

interface Wanted {
  space: string;
  choice: number[];
  input: [number, number, number];
  settings?: Record<string, unknown>;
  form?: NetworkFile["form"];
  task?: NetworkFile["task"];
}

function networkFor(
  { space, choice, input, settings = {}, form = "final", task = "single-label" }: Wanted,
) {
  const { kind: _, ...own } = settingsFor(space, { filters: 6, blocks: 1, stem: 1, ...settings });
  const overrides = Object.entries(own).map(([name, value]) => [`space.${name}`, value]);
  const config = resolveRetrainConfig({
    space,
    preset: "smoke",
    overrides: { form, ...Object.fromEntries(overrides) },
  });
  const channels = Array.from({ length: input[2] }, (_, i) => 0.1 * i);
  const network: NetworkFile = {
    format: "denas-network",
    version: 2,
    space: config.space,
    form: config.form,
    choice,
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
    if (/(gamma|beta)$/.test(name)) {
      data.forEach((_, i) => data[i] = 0.5 + rng.next());
    }
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

/** Largest difference of probabilities, and of logits as a share of the largest, between the engine and onnxruntime. */
async function difference(network: NetworkFile, n: number): Promise<number> {
  const tensors = await trainedWeights(network);
  const { input: [h, w, c], classes } = network;
  const rng = new Rng(11, 0, 0);
  const pixels = Uint8Array.from(
    { length: n * h * w * c },
    () => Math.floor(256 * rng.next()),
  );
  const classifier = new Classifier(gpu, network, tensors);
  const bytes = encodeModel(onnxModel({ network, tensors }));
  const out = await onnxruntime.run(bytes, {
    name: "image",
    dims: [n, h, w, c],
    data: pixels,
  });
  assert.deepEqual(out.probabilities.dims, [n, classes.length]);
  const pairs: [Float32Array, Float32Array][] = [
    [out.logits.data, await classifier.logits(pixels, n)],
    [out.probabilities.data, await classifier.probabilities(pixels, n)],
  ];
  const [, logits] = pairs[0];
  assert.ok(
    logits.some((v) => Math.abs(v - logits[0]) > 1e-3),
    "all images look the same",
  );
  // Logits of made-up weights may be large: their last bits are no concern.
  const largest = logits.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  const worst = ([a, b]: [Float32Array, Float32Array]) =>
    a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);
  return Math.max(worst(pairs[0]) / largest, worst(pairs[1]));
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
    settings: { layers: 6 },
  },
  "macro, odd sizes, stem of stride 4": {
    space: "macro",
    choice: macro,
    input: [27, 27, 1],
    settings: { layers: 6, stem: 4 },
  },
  "macro in the form of the search": {
    space: "macro",
    choice: macro,
    input: [11, 11, 3],
    settings: { layers: 6 },
    form: "search",
  },
  "micro, all operations": {
    space: "micro",
    choice: micro,
    input: [16, 16, 3],
    settings: { blocks: 3 },
  },
  "micro, odd sizes that are no squares, stem of stride 2": {
    space: "micro",
    choice: micro,
    input: [21, 13, 1],
    settings: { blocks: 3, stem: 2 },
  },
  "micro in the form of the search": {
    space: "micro",
    choice: micro,
    input: [9, 9, 3],
    settings: { blocks: 3 },
    form: "search",
  },
  "micro on images that shrink to one pixel": {
    space: "micro",
    choice: micro,
    input: [4, 4, 1],
    settings: { blocks: 3, stem: 2 },
  },
  "micro with any number of labels": {
    space: "micro",
    choice: micro,
    input: [8, 8, 3],
    settings: { blocks: 3 },
    task: "multi-label",
  },
};

for (const [name, network] of Object.entries(wanted)) {
  Deno.test(`ONNX: ${name}: onnxruntime gives the engine's numbers`, async () => {
    const worst = await difference(networkFor(network), 7);
    assert.ok(worst < 1e-4, `differs by ${worst}`);
  });
}

/** Sizes of a final network that a space accepts. */
function sized(name: string): NetworkFile["space"] {
  for (const layers of [3, 6, 8, 9, 12]) {
    const settings = settingsFor(name, { layers, filters: 4 });
    try {
      openSpace(settings);
      return settings;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
  throw new Error(`Cannot size ${name}`);
}

for (const name of spaces.names) {
  Deno.test(`ONNX: any architecture of space ${name} exports`, async () => {
    const settings = sized(name);
    const space = openSpace(settings);
    const choice = space.encode(uniformArchitecture(space, new Rng(5, 0)));
    const network = {
      ...networkFor({ space: "micro", choice: micro, input: [16, 16, 3] }),
      space: settings,
      choice,
    };
    const worst = await difference(network, 5);
    assert.ok(worst < 1e-4, `differs by ${worst}`);
  });
}

/** One architecture per frame of a grammar's network; each function of the activation has a coefficient. */
const ofGrammars: Record<string, string> = {
  activations:
    "(L2 BinaryTopo (BinOp wavg) (L1 UnaryTopo (UnOp mconst)) (L1 UnaryTopo (UnOp sigmoid)) id id)",
  nb201_fixed_1_none:
    "(CELL Cell (OPS conv3x3) (OPS id) (OPS avg_pool) (OPS zero) (OPS conv1x1) (OPS conv1x1))",
  nb201_variable_multi_multi: trees[3],
};

for (const [grammar, text] of Object.entries(ofGrammars)) {
  Deno.test(`ONNX: a network of grammar ${grammar}: onnxruntime gives the engine's numbers`, async () => {
    const settings = { ...settingsFor("grammar", { filters: 4, stem: 2 }), grammar };
    const choice = openSpace(settings).encode(openSpace(settings).notation!.parse(text));
    const network = networkFor({ space: "micro", choice: micro, input: [17, 16, 3] });
    const worst = await difference({ ...network, space: settings, choice }, 5);
    assert.ok(worst < 1e-4, `differs by ${worst}`);
  });
}

/** Runs a tape of one input [n, h, w, c] on the engine and in onnxruntime. */
async function both(
  shape: number[],
  build: (x: Value, weights: WeightStore) => Value,
) {
  const store = new WeightStore();
  build(new Tape().input(shape), store);
  store.materialise(gpu, 1);
  const data = Float32Array.from(
    { length: shape.reduce((a, b) => a * b) },
    (_, i) => Math.sin(i * 1.7) * 2,
  );
  const tape = new Tape();
  const x = tape.input(shape, { tensor: gpu.upload(data, shape) });
  const y = build(x, store);
  const [ours] = await gpu.read([run(gpu, tape, { outputs: [y] }).of(y)]);
  const graph = new GraphBuilder(emitters, await store.tensors(), "x");
  graph.addTape(tape.nodes, y);
  graph.finishNode("y", "Identity", [graph.add(y)]);
  const [n, h, w, c] = shape;
  const port = (name: string, dims: (number | string)[]) =>
    ({ name, type: "float", dims, note: "" }) as const;
  const model = encodeModel({
    name: "tape",
    note: "",
    nodes: graph.nodes,
    constants: graph.constants,
    inputs: [port("x", ["N", c, h, w])],
    outputs: [port("y", ["N", ...y.shape.slice(1)])],
    metadata: {},
  });
  const planes = transposed(data, shape, [0, 3, 1, 2]);
  const { y: theirs } = await onnxruntime.run(model, {
    name: "x",
    dims: [n, c, h, w],
    data: planes,
  });
  const used = new Set(tape.nodes.map(({ op }) => op.name));
  return { ours, theirs: theirs.data, used };
}

Deno.test("ONNX: operations that only some spaces use, and changes of shape", async () => {
  const used = new Set<string>();
  const init = heInit(4);
  const flat = (x: Value) => reshape(x, [2, x.shape.slice(1).reduce((a, b) => a * b)]);
  const tapes: ((x: Value, weights: WeightStore) => Value)[] = [
    ...[[1, 2], [2, 2], [2, 3], [1, 1]].map(
      ([stride, dilation]) => (x: Value, w: WeightStore) =>
        flat(
          depthwiseConv2d(relu(x), w.param("w", [3, 3, 4, 1], init), {
            stride,
            dilation,
          }),
        ),
    ),
    (x, w) => flat(conv2d(x, w.param("w", [2, 2, 4, 3], init), { stride: 3 })),
    (x, w) =>
      flat(
        pointwise([relu(x)], [w.param("w", [4, 3], init)], {
          stride: 3,
          shift: 2,
        }),
      ),
    (x, w) => flat(biasAdd(x, w.param("b", [4], init))),
    (x, w) => {
      const y = relu(globalAvgPool(x));
      const parts = w.param("w", [8, 3], init);
      return pointwise([y, y], [
        part(parts, 0, [4, 3]),
        part(parts, 12, [4, 3]),
      ]);
    },
    (x) => globalAvgPool(relu(slice(relu(x), 1, 3))),
    (x) => flat(add(gelu(x), silu(x))),
    (x) => flat(add(hardSwish(scale(x, 5)), mish(x))),
    (x) => slice(globalAvgPool(mul(sigmoid(x), tanh(x))), 2, 2),
    (x) => reshape(scale(x, -1.5), [2, 5 * 4 * 4]),
    (x) => globalAvgPool(reshape(x, [2, 4, 5, 4])),
    (x) => {
      const [a, b] = [slice(x, 0, 2), slice(x, 2, 2)];
      return reshape(addScaled(a, b, 0.25), [2, 40]);
    },
    (x) => globalAvgPool(maxPool2d(x, { k: 2, stride: 2, padding: "valid" })),
    (x) => globalAvgPool(avgPool2d(x, { k: 3, stride: 2, padding: "valid" })),
    (x) =>
      concat([
        globalAvgPool(relu(x)),
        globalAvgPool(x),
      ]),
  ];
  for (const build of tapes) {
    const { ours, theirs, used: some } = await both([2, 5, 4, 4], build);
    some.forEach((name) => used.add(name));
    assert.equal(ours.length, theirs.length);
    ours.forEach((v, i) => assert.ok(Math.abs(v - theirs[i]) < 1e-5, `${v} and ${theirs[i]}`));
  }
  for (
    const name of [
      "slice",
      "mul",
      "sigmoid",
      "tanh",
      "scale",
      "add_scaled",
      "concat",
    ]
  ) {
    assert.ok(used.has(name), name);
  }
});

/** A weight of ones and more, so that no gain or coefficient is lost unseen. */
const ramp = (out: Float32Array) => out.forEach((_, i) => out[i] = 0.75 + i % 5 / 8);

Deno.test("ONNX: instance and layer norm, of images and of rows", async () => {
  const flat = (x: Value) => reshape(x, [2, x.shape.slice(1).reduce((a, b) => a * b)]);
  const weights = (store: WeightStore, shape: number[]) =>
    ["gamma", "beta"].map((name) => store.param(name, shape, ramp)) as [Value, Value];
  const tapes: ((x: Value, store: WeightStore) => Value)[] = [
    (x, store) => flat(instanceNorm(relu(x), ...weights(store, [4]), 1e-5)),
    (x, store) => flat(layerNorm(relu(x), ...weights(store, [5, 3, 4]), 1e-2)),
    (x, store) => layerNorm(flat(relu(x)), ...weights(store, [60]), 1e-5),
  ];
  for (const build of tapes) {
    const { ours, theirs } = await both([2, 5, 3, 4], build);
    ours.forEach((v, i) => assert.ok(Math.abs(v - theirs[i]) < 1e-5, `${v} and ${theirs[i]}`));
  }
});

Deno.test("ONNX: every function of the activation grammar", async () => {
  // The engine's arguments lie in (−2, 2): a root needs positive ones, atanh smaller ones.
  const domain: Record<string, (x: Value) => Value> = {
    square_root: (x) => unary(x, "abs"),
    atanh: (x) => scale(x, 0.4),
  };
  const flat = (x: Value) => reshape(x, [2, x.shape.slice(1).reduce((a, b) => a * b)]);
  const coefficient = (store: WeightStore, has?: true) =>
    has ? store.param("beta", [4], ramp) : undefined;
  const check = async (name: string, build: (x: Value, store: WeightStore) => Value) => {
    const { ours, theirs } = await both([2, 5, 3, 4], (x, store) => flat(build(x, store)));
    ours.forEach((v, i) => {
      const apart = Math.abs(v - theirs[i]) / Math.max(1, Math.abs(v));
      assert.ok(apart < 1e-5, `${name}: ${v} and ${theirs[i]}`);
    });
  };
  for (const [name, { beta }] of Object.entries(unaryFunctions)) {
    await check(
      name,
      (x, store) => unary((domain[name] ?? relu)(x), name, coefficient(store, beta)),
    );
    if (name in domain) continue;
    await check(name, (x, store) => unary(x, name, coefficient(store, beta)));
  }
  for (const [name, { beta }] of Object.entries(binaryFunctions)) {
    await check(
      name,
      (x, store) =>
        binary(x, unary(x, name === "div" ? "exp" : "square"), name, coefficient(store, beta)),
    );
  }
});

Deno.test("ONNX: an operation without a mapping is refused by its name and place", () => {
  const tape = new Tape();
  const y = tape.scope("last", () => argmax(tape.input([2, 3])));
  const graph = new GraphBuilder(emitters, {}, "x");
  assertThrows(
    () => graph.addTape(tape.nodes, y),
    /^Cannot export last to ONNX: got operation argmax, expected one of add, /,
  );
});

Deno.test("ONNX: a setting that the mapping does not know is refused, not left out", () => {
  const tape = new Tape();
  const x = tape.input([2, 5, 5, 3]);
  const [op] = registry.filter(({ name }) => name === "relu");
  const [y] = apply(op, [x], { slope: 0.1 });
  const graph = new GraphBuilder(emitters, {}, "x");
  assertThrows(
    () => graph.addTape(tape.nodes, y),
    /^Cannot export relu to ONNX: relu has a setting slope, expected none$/,
  );
});

Deno.test("ONNX: weights of another network are refused by name", async () => {
  const network = networkFor({
    space: "micro",
    choice: micro,
    input: [8, 8, 3],
    settings: { blocks: 3 },
  });
  const tensors = await trainedWeights(network);
  const { "stem/w": _, ...rest } = tensors;
  assertThrows(
    () => onnxModel({ network, tensors: rest }),
    /^Cannot export weight stem\/w: it is missing, expected \[3,3,3,18\]/,
  );
  assertThrows(
    () => onnxModel({ network: { ...network, classes: ["a", "b"] }, tensors }),
    /^Cannot export weight head\/w: it is \[\d+,4\], expected \[\d+,2\]/,
  );
});

Deno.test("safetensors for elsewhere: names by layer, statistics settled, no auxiliary head", async () => {
  const network = networkFor({
    space: "micro",
    choice: micro,
    input: [32, 32, 3],
    settings: { blocks: 3, auxHead: true },
  });
  const tensors = await trainedWeights(network);
  const named = namedTensors({ network, tensors, testAccuracy: 0.5 });
  const { tensors: read, metadata } = decodeSafetensors(
    encodeSafetensors(named.tensors, named.metadata),
    "file",
  );
  assert.ok(Object.keys(tensors).some((name) => name.startsWith("aux/")));
  assert.ok(!Object.keys(read).some((name) => /^aux|\/|running$/.test(name)));
  assert.deepEqual(read["stem.weight"].shape, [3, 3, 3, 18]);
  assert.deepEqual(read["layer0.block0.x.sep3.0.depthwise"].shape, [
    3,
    3,
    6,
    1,
  ]);
  const seen = 1 - network.space.bnDecay ** 5;
  const running = tensors["stem/running"].data;
  assertAlmostEquals(
    read["stem.running_mean"].data[2],
    running[2] / seen,
    1e-6,
  );
  assertAlmostEquals(
    read["stem.running_var"].data[2],
    running[20] / seen,
    1e-6,
  );
  assert.deepEqual(JSON.parse(metadata.classes), network.classes);
  assert.equal(
    JSON.parse(metadata.batch_norm_epsilon).stem,
    network.space.bnEpsilon,
  );
  assert.equal(metadata.test_accuracy, "0.5");
});
