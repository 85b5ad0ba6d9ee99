/** Networks of grammars: parameters as published implementations have them, and faults by name. */
import assert from "node:assert/strict";
import { assertThrows } from "@std/assert";
import { Tape } from "../../../src/autodiff/mod.ts";
import { openGrammar } from "../../../src/nas/grammar/built_in.ts";
import { type Primitive, primitivesWith } from "../../../src/nas/grammar/primitives.ts";
import { grammarDefinition, grammarSpace } from "../../../src/nas/spaces/grammar.ts";
import type { Pass } from "../../../src/nas/space.ts";
import { WeightStore } from "../../../src/nn/weights.ts";
import { scale } from "../../../src/ops/mod.ts";
import { trees } from "./_trees.ts";

const CELLS = "nb201_fixed_1_none", HIERARCHY = "nb201_variable_multi_multi";
const inTraining: Pass = { training: true, batchStatistics: true, seed: 0, step: 0, steps: 1 };

interface Wanted {
  settings?: Record<string, unknown>;
  input?: [number, number, number];
  classes?: number;
  primitives?: Primitive[];
}

/** Builds an architecture, given as a text, on a store that only counts. */
function built(grammar: string, text: string, wanted: Wanted = {}) {
  const { settings = {}, input = [32, 32, 3], classes = 10, primitives = [] } = wanted;
  const known = primitivesWith(primitives);
  const config = grammarDefinition.settings.parse(settings);
  const space = grammarSpace(openGrammar(grammar, known), known, config);
  const weights = new WeightStore();
  const arch = space.notation!.parse(text);
  const model = space.build(arch, { weights, input, classes, form: "final" });
  return { model, weights };
}

const parametersOf = (...given: Parameters<typeof built>) => built(...given).weights.parameters();

const cell = (text: string) =>
  `(CELL Cell ${text.split(" ").map((op) => `(OPS ${op})`).join(" ")})`;
const convolutions = cell("conv3x3 conv3x3 conv3x3 conv3x3 conv3x3 conv3x3");

Deno.test("the cell space has the parameters of NAS-Bench-201, without dead edges", () => {
  assert.equal(parametersOf(CELLS, convolutions), 1_531_546);
  assert.equal(parametersOf(CELLS, convolutions, { classes: 20 }), 1_532_196);
  assert.equal(parametersOf(CELLS, convolutions, { classes: 4 }), 1_531_156);
  assert.equal(parametersOf(CELLS, cell("conv3x3 zero conv3x3 id zero conv1x1")), 587_386);
  assert.equal(parametersOf(CELLS, cell("zero conv3x3 conv3x3 id conv3x3 conv1x1")), 344_346);
});

Deno.test("the hierarchical space has its parameters, those of layer norm among them", () => {
  const counts = trees.slice(0, 4).map((tree) => parametersOf(HIERARCHY, tree));
  assert.deepEqual(counts, [802_426, 905_050, 73_306, 556_810]);
  const withoutLayerNorm = trees.slice(0, 4).map((tree) =>
    built(HIERARCHY, tree).weights.parameters({ filter: ({ name }) => !/\.layer\//.test(name) })
  );
  assert.deepEqual(withoutLayerNorm, [802_426, 380_762, 73_306, 384_778]);
});

Deno.test("ResNet-20 has 688 parameters more per coefficient of its activation function", () => {
  const relu = "(L2 UnaryTopo (L1 UnaryTopo (UnOp umax)))";
  const swish =
    "(L2 BinaryTopo (BinOp bsigmoid) (L1 UnaryTopo (UnOp mconst)) (L1 UnaryTopo (UnOp id)) id id)";
  const three =
    "(L2 BinaryTopo (BinOp wavg) (L1 UnaryTopo (UnOp const)) (L1 UnaryTopo (UnOp aconst)) id id)";
  assert.equal(parametersOf("activations", relu), 269_722);
  assert.equal(parametersOf("activations", swish), 269_722 + 688);
  assert.equal(parametersOf("activations", three), 269_722 + 3 * 688);
});

Deno.test("every function stands in all 19 places, and reads its first operand first", () => {
  const text =
    "(L2 BinaryTopo (BinOp div) (L1 UnaryTopo (UnOp sin)) (L1 UnaryTopo (UnOp exp)) id id)";
  const { model } = built("activations", text);
  const tape = new Tape();
  model.forward(tape.input([1, 32, 32, 3]), inTraining);
  const places = tape.nodes.filter(({ op }) => op.name === "binary");
  assert.equal(places.length, 19);
  for (const { inputs } of places) {
    const functions = inputs.map(({ source }) =>
      source.kind === "node" && (source.node.params as { function: string }).function
    );
    assert.deepEqual(functions, ["sin", "exp"]);
  }
});

Deno.test("a pair of DARTS cells builds the network of the DARTS space", async () => {
  const ops = "sep_conv_3x3 dil_conv_5x5 max_pool_3x3 avg_pool_3x3 skip_connect sep_conv_5x5 " +
    "dil_conv_3x3 sep_conv_3x3";
  const inputs = ["0 1", "0 2", "1 2", "3 4"].flatMap((pair) => pair.split(" "));
  const parts = ops.split(" ").map((op, i) =>
    `(OP ${op}) (IN${Math.floor(i / 2) + 1} ${inputs[i]})`
  );
  const text = `(CELL DARTS ${parts.join(" ")})`;
  const settings = { layers: 5, filters: 8 };
  const { dartsDefinition } = await import("../../../src/nas/spaces/darts.ts");
  const darts = dartsDefinition.open(dartsDefinition.settings.parse(settings));
  const pairs = ops.split(" ").map((op, i) => `(${op},${inputs[i]})`).join(" ");
  const weights = new WeightStore();
  darts.build(dartsDefinition.notation!.parse(`normal: ${pairs}; reduce: ${pairs}`), {
    weights,
    input: [32, 32, 3],
    classes: 10,
    form: "final",
  });
  const ours = built("darts", `normal: ${text}; reduce: ${text}`, { settings });
  assert.deepEqual(ours.weights.params(), weights.params());
});

const chain = (network: string, rules: string) => `
[grammar]
name: chain
start: S
[topologies]
Linear2: 1-2 2-3
Residual2: 1-2 1-3 2-3
[productions]
${rules}
[network]
${network}
`;

Deno.test("values of different sizes that meet in one node are named", () => {
  const grammar = chain("kind: classifier", "S -> Residual2 conv3x3o id resBlock");
  assertThrows(
    () => built(grammar, "(S Residual2 conv3x3o id resBlock)"),
    /^Cannot build chain architecture: id at 1 gives 32 × 32 × 16 and resBlock at 2 gives 16 × 16 × 32, /,
  );
});

Deno.test("a primitive of one's own, a stem and a head are layers of the network", () => {
  const half: Primitive = { name: "half", inputs: 1, layer: (_, x) => scale(x, 0.5) };
  const network = "stem: conv3x3 hardswish\nhead: layer average linear";
  const grammar = chain(network, "S -> Linear2 half conv1x1o");
  const { model } = built(grammar, "(S Linear2 half conv1x1o)", {
    primitives: [half],
    input: [8, 8, 3],
  });
  const tape = new Tape();
  model.forward(tape.input([1, 8, 8, 3]), inTraining);
  assert.deepEqual(tape.nodes.map(({ op, scope }) => `${scope} ${op.name}`), [
    "stem/conv3x3 conv2d",
    "stem/hardswish hard_swish",
    "body/0.half scale",
    "body/1.conv1x1o pointwise",
    "head/layer layer_norm",
    "head global_avg_pool",
    "head matmul",
    "head bias_add",
  ]);
  for (
    const [wrong, expected] of [
      ["stem: batch", /line 11: stem: batch, expected conv3x3 PRIMITIVE …/],
      ["head: average", /line 11: head: average, expected PRIMITIVE … average linear/],
      ["head: multi average linear", /line 11: head: multi average linear, expected PRIMITIVE/],
      ["kind: macro", /line 11: kind: macro, expected one of classifier, resnet20, cells/],
    ] as const
  ) {
    assertThrows(() => built(chain(wrong, "S -> Linear2 id id"), "(S Linear2 id id)"), expected);
  }
});

Deno.test("what is no cell of DARTS is refused as one", () => {
  const grammar = chain("kind: cells", "S -> Linear2 sep_conv_3x3 id");
  assertThrows(
    () => built(grammar, "(S Linear2 sep_conv_3x3 id)"),
    /^Cannot build chain architecture as a cell: it has 1 inputs, expected two inputs and two operations/,
  );
});
