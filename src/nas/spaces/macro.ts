/**
 * ENAS's macro space: a chain of layers, each with one operation and any earlier outputs as additional inputs
 * (Pham et al. 2018, §2.3). `choice` holds, layer by layer, the operation and then the layer's skip bits from
 * the stem on; the controller decides in the same order.
 */
import { GraphBuilder } from "../predictors/graphs.ts";
import { macroController } from "../controller/macro.ts";
import { defineSpace } from "../definition.ts";
import type { Decision, Graph, LabelledGraph, Model, SearchSpace } from "../space.ts";
import { requireSearchForm, type Sized, toModel } from "./child.ts";
import { DecisionList, skipDecisions } from "./codec.ts";
import {
  type MacroArch,
  macroOps,
  type MacroSettings,
  macroSettings,
  reducesAfter,
} from "./macro_arch.ts";
import { macroFinalNetwork, macroSearchNetwork } from "./macro_network.ts";
import { macroPresets } from "./macro_presets.ts";
import { macroScript } from "./script_formats.ts";

export { type MacroArch, type MacroLayer, macroOps } from "./macro_arch.ts";

export const macroDefinition = defineSpace({
  name: "macro",
  summary: "ENAS's whole networks: layers with skip connections",
  settings: macroSettings,
  presets: macroPresets,
  open: macroSpace,
  // A found architecture fixes the operation of each layer, so it has no other depth.
  carried: ({ stem, branches, layers }) => ({ stem, branches, layers }),
  controller: macroController,
  script: macroScript,
  channels: { whole: "macro", range: "macro-range" },
  quirks: ["Q3", "Q5"],
  baseline: ({ layers }) => handMade(layers),
  example: { settings: { layers: 3, filters: 4, stem: 2 }, choice: [1, 4, 1, 5, 0, 1] },
});

function macroSpace(config: MacroSettings): SearchSpace<MacroArch> {
  const { layers, branches } = config;
  const list = new DecisionList("macro", decisions(layers, branches));
  const encode = (arch: MacroArch) => arch.layers.flatMap(({ op, skips }) => [op, ...skips]);
  const decode = (choice: readonly number[]): MacroArch => {
    list.check(choice);
    return {
      layers: Array.from({ length: layers }, (_, i) => {
        const at = i * (i + 1) / 2;
        return { op: choice[at], skips: choice.slice(at + 1, at + 1 + i) };
      }),
    };
  };
  return {
    name: "macro",
    summary:
      `${layers} layers, each one of ${branches} operations with skips from any earlier layer`,
    start: () => list.start(),
    decode,
    encode,
    key: (arch) => encode(arch).join(" "),
    supernet: (into) => {
      requireSearchForm(into);
      // With every skip taken all reductions are needed; one network per operation reaches all weights.
      for (let op = 0; op < branches; op++) build(uniform(layers, op), { ...into, config });
    },
    build: (arch, into) => build(arch, { ...into, config }),
    graphs: (arch) => [macroGraph(arch)],
    picture: (arch) => [macroPicture(arch)],
    ...list.variation(encode, decode),
  };
}

function build(arch: MacroArch, into: Sized<MacroSettings>): Model {
  const network = into.form === "search" ? macroSearchNetwork : macroFinalNetwork;
  return toModel(into, network(arch, into));
}

const SEPARABLE_3 = macroOps.findIndex(({ kind, k }) => kind === "separable" && k === 3);

/**
 * Separable 3×3 convolutions; every second layer also reads its predecessor's input (He et al., CVPR 2016).
 */
function handMade(layers: number): number[] {
  return Array.from({ length: layers }, (_, layer) => {
    const skips = new Array<number>(layer).fill(0);
    // Output i is that of layer i − 1.
    if (layer % 2 === 1) skips[layer - 1] = 1;
    return [SEPARABLE_3, ...skips];
  }).flat();
}

const uniform = (layers: number, op: number): MacroArch => ({
  layers: Array.from({ length: layers }, (_, i) => ({ op, skips: new Array(i).fill(1) })),
});

function decisions(layers: number, branches: number): Decision[] {
  const labels = macroOps.slice(0, branches).map(({ label }) => label);
  return Array.from({ length: layers }, (_, i): Decision[] => [
    {
      id: `layer${i}/op`,
      name: `layer ${i}, operation`,
      kind: "op",
      node: i,
      options: branches,
      labels,
    },
    ...skipDecisions(i),
  ]).flat();
}

function macroGraph({ layers }: MacroArch): LabelledGraph {
  const graph = new GraphBuilder();
  let last = graph.add("input");
  const outputs = [last];
  layers.forEach(({ op, skips }, i) => {
    const { kind, k } = macroOps[op];
    last = graph.add(`${kind}${k}`, last, ...outputs.filter((_, j) => skips[j]));
    outputs.push(last);
    if (reducesAfter(i, layers.length)) last = graph.add("reduce", last);
  });
  graph.add("output", last);
  return graph.done();
}

function macroPicture({ layers }: MacroArch): Graph {
  const graph: Graph = {
    name: "macro",
    nodes: [{ id: "stem", label: "stem", kind: "input" }],
    edges: [],
  };
  const idOf = (j: number) => j === 0 ? "stem" : `layer ${j - 1}`;
  let last = "stem";
  const append = (node: Graph["nodes"][number]) => {
    graph.nodes.push(node);
    graph.edges.push({ from: last, to: node.id, kind: "sequence" });
    last = node.id;
  };
  layers.forEach(({ op, skips }, i) => {
    append({ id: `layer ${i}`, label: macroOps[op].label, kind: "op" });
    skips.forEach((bit, j) => {
      if (bit) graph.edges.push({ from: idOf(j), to: `layer ${i}`, kind: "skip" });
    });
    if (reducesAfter(i, layers.length)) {
      append({ id: `reduction ${i}`, label: "halve the size", kind: "reduce" });
    }
  });
  append({ id: "classifier", label: "classifier", kind: "output" });
  return graph;
}
