/**
 * The space of NAS-Bench-Macro (Su et al., "Prioritized Architecture Sampling with Monto-Carlo Tree Search",
 * CVPR 2021, §4): eight layers, each the identity or one of two inverted residual blocks: 3⁸ = 6,561
 * networks. `choice` holds the operations from the first layer on; the key is their eight digits.
 */
import type { Value } from "../../autodiff/tape.ts";
import { UsageError } from "../../common/errors.ts";
import { heInit } from "../../nn/init.ts";
import { channels, convNorm, convNormRelu, type Net, norm } from "../../nn/layers.ts";
import { add, depthwiseConv2d, relu } from "../../ops/mod.ts";
import { GraphBuilder } from "../predictors/graphs.ts";
import * as z from "zod";
import { defineSpace } from "../definition.ts";
import { limits, sizeOf } from "../config/limits.ts";
import type { Decision, Graph, LabelledGraph, Notation, SearchSpace } from "../space.ts";
import { type BenchmarkSettings, denseHead, plainStem } from "./benchmark.ts";
import { benchmarkPresets, cosine } from "./benchmark_presets.ts";
import { chainEdges } from "./cell_graph.ts";
import { type Network, requireSearchForm, type Sized, toModel } from "./child.ts";
import { FILTERS, networkSettings } from "./settings.ts";
import { DecisionList } from "./codec.ts";

export interface MacroBenchArch {
  /** One index into `macroBenchOps` per layer. */
  ops: number[];
}

/** Operations, numbered as in the released code: kernel size and expansion of the inverted residuals. */
export const macroBenchOps = [
  { label: "identity", k: 0, expansion: 0 },
  { label: "inverted residual 3×3, ×3", k: 3, expansion: 3 },
  { label: "inverted residual 5×5, ×6", k: 5, expansion: 6 },
] as const;

/** Layers per stage; the first layer of each halves the size and doubles the channels. */
const STAGES = [2, 3, 3];
const LAYERS = 8;
/** Channels before the classifier, per channel of the stem: 1280 for 32. */
const LAST = 40;

const startsStage = (layer: number): boolean =>
  layer === 0 || layer === STAGES[0] || layer === STAGES[0] + STAGES[1];

const list = new DecisionList(
  "nasbench-macro",
  Array.from({ length: LAYERS }, (_, layer): Decision => ({
    id: `layer${layer}/op`,
    name: `layer ${layer}, operation`,
    kind: "op",
    node: layer,
    options: macroBenchOps.length,
    labels: macroBenchOps.map(({ label }) => label),
  })),
);

/** Eight digits, as in the published table. */
export const formatMacroBench = ({ ops }: MacroBenchArch): string => ops.join("");

/** Reads eight digits. @throws UsageError describing the expected digits. */
export function parseMacroBench(text: string): MacroBenchArch {
  if (!/^[0-2]{8}$/.test(text.trim())) {
    throw new UsageError(
      `Cannot read NAS-Bench-Macro architecture ${
        JSON.stringify(text)
      }: expected ${LAYERS} digits ` +
        `of 0, 1, 2 as in 22212220`,
    );
  }
  return { ops: [...text.trim()].map(Number) };
}

const published = { filters: 32 };

const notation: Notation<MacroBenchArch> = {
  looks: (text) => /^\s*[0-2]{8}\s*$/.test(text),
  format: formatMacroBench,
  parse: parseMacroBench,
  published: () => published,
};

export const nasbenchMacroDefinition = defineSpace({
  name: "nasbench-macro",
  summary: "NAS-Bench-Macro: eight layers, each the identity or an inverted residual block",
  settings: z.strictObject({
    layers: z.literal(LAYERS).default(LAYERS),
    filters: sizeOf(limits.filters).default(32).meta(FILTERS),
    ...networkSettings,
  }),
  presets: benchmarkPresets({
    published,
    small: { filters: 8 },
    least: { filters: 2 },
    // Su et al. 2021.
    training: {
      epochs: 50,
      batch: 256,
      optimizer: { ...cosine, lrMax: 0.1, l2: 5e-4, nesterov: false },
    },
  }),
  open: nasbenchMacroSpace,
  carried: ({ stem }) => ({ stem }),
  notation,
  example: { settings: { filters: 2, stem: 2 }, choice: [1, 0, 2, 1, 0, 2, 1, 0] },
});

function nasbenchMacroSpace(config: BenchmarkSettings): SearchSpace<MacroBenchArch> {
  const build = (arch: MacroBenchArch, into: Sized<BenchmarkSettings>) =>
    toModel(into, network(arch, into));
  const encode = ({ ops }: MacroBenchArch) => [...ops];
  const decode = (choice: readonly number[]): MacroBenchArch => {
    list.check(choice);
    return { ops: [...choice] };
  };
  return {
    name: "nasbench-macro",
    summary: "eight layers, each the identity or one of two inverted residual blocks",
    start: () => list.start(),
    decode,
    encode,
    key: formatMacroBench,
    notation,
    supernet: (into) => {
      requireSearchForm(into);
      macroBenchOps.forEach((_, op) =>
        build({ ops: new Array(LAYERS).fill(op) }, { ...into, config })
      );
    },
    build: (arch, into) => build(arch, { ...into, config }),
    graphs: (arch) => [graph(arch)],
    picture: (arch) => [picture(arch)],
    ...list.variation(encode, decode),
  };
}

function network({ ops }: MacroBenchArch, { config, classes }: Sized<BenchmarkSettings>): Network {
  return (net, images) => {
    let x = plainStem(net, images, config);
    ops.forEach((op, layer) => {
      const stride = startsStage(layer) ? 2 : 1;
      const out = channels(x) * stride;
      x = net.scope(`layer${layer}`, () => operation(net, x, op, { out, stride }));
    });
    const wide = convNormRelu(net, "last", x, { k: 1, out: LAST * config.filters });
    return { logits: denseHead(net, wide, classes) };
  };
}

function operation(
  net: Net,
  x: Value,
  op: number,
  { out, stride }: { out: number; stride: number },
): Value {
  const { k, expansion } = macroBenchOps[op];
  if (expansion === 0) {
    return stride === 1 ? x : convNorm(net, "identity", x, { k: 1, out, stride });
  }
  return net.scope(`ir${k}`, () => {
    const hidden = expansion * channels(x);
    const wide = convNormRelu(net, "expand", x, { k: 1, out: hidden });
    const spread = net.scope("depthwise", () => {
      const w = net.param("dw", [k, k, hidden, 1], heInit(k * k));
      return relu(norm(net, depthwiseConv2d(wide, w, { stride })));
    });
    const y = convNorm(net, "project", spread, { k: 1, out });
    return stride === 1 ? add(y, x) : y;
  });
}

function graph({ ops }: MacroBenchArch): LabelledGraph {
  const graph = new GraphBuilder();
  let last = graph.add("input");
  ops.forEach((op, layer) => {
    const { k, expansion } = macroBenchOps[op];
    last = graph.add(`ir${k}x${expansion}${startsStage(layer) ? "/2" : ""}`, last);
  });
  graph.add("output", last);
  return graph.done();
}

function picture({ ops }: MacroBenchArch): Graph {
  const nodes: Graph["nodes"] = [
    { id: "stem", label: "stem", kind: "input" },
    ...ops.map((op, layer): Graph["nodes"][number] => ({
      id: `layer ${layer}`,
      label: macroBenchOps[op].label + (startsStage(layer) ? ", halves the size" : ""),
      kind: "op",
    })),
    { id: "classifier", label: "classifier", kind: "output" },
  ];
  return { name: "network", nodes, edges: chainEdges(nodes) };
}
