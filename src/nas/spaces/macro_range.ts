/**
 * ENAS's macro space of channel ranges: every layer runs all operations and decides which channels of each it
 * takes (the released code, `controller_search_whole_channels` off). `choice` holds, layer by layer: per
 * operation the first channel and the number of channels minus one, then the skip bits from the stem on. The
 * controller decides in the same order. As released, a range holds at most all channels but one.
 */
import { GraphBuilder } from "../predictors/graphs.ts";
import { macroRangeController } from "../controller/macro.ts";
import { defineSpace } from "../definition.ts";
import type { Decision, Graph, LabelledGraph, Model, SearchSpace } from "../space.ts";
import { requireSearchForm, type Sized, toModel } from "./child.ts";
import { DecisionList, type Limit, skipDecisions } from "./codec.ts";
import { macroOps, reducesAfter } from "./macro_arch.ts";
import { rangePresets } from "./macro_presets.ts";
import {
  type Range,
  type RangeArch,
  type RangeSettings,
  rangeSettings,
  rangeUnits,
} from "./macro_range_arch.ts";
import { rangeFinalNetwork, rangeSearchNetwork } from "./macro_range_network.ts";
import { rangeScript } from "./script_formats.ts";

export { type Range, type RangeArch, type RangeLayer } from "./macro_range_arch.ts";

export const macroRangeDefinition = defineSpace({
  name: "macro-range",
  summary: "macro, but each layer takes a range of the channels of every operation",
  settings: rangeSettings,
  presets: rangePresets,
  open: macroRangeSpace,
  // Ranges are counted in channels of the search network.
  carried: ({ stem, branches, layers, ...widths }) => ({
    stem,
    branches,
    layers,
    rangeFilters: rangeUnits(widths),
  }),
  controller: (store, config, settings) =>
    macroRangeController(store, config, settings, rangeUnits(settings)),
  script: rangeScript,
  quirks: ["Q5"],
  example: {
    settings: { layers: 3, filters: 4, branches: 4, stem: 2 },
    choice: [3, 0, 3, 0, 3, 0, 3, 0, 0, 2, 3, 0, 0, 0, 3, 0, 0, 0, 1, 1, 0, 2, 0, 1, 1, 1, 1],
  },
});

function macroRangeSpace(config: RangeSettings): SearchSpace<RangeArch> {
  const { layers, branches } = config;
  const units = rangeUnits(config);
  const list = new DecisionList(
    "macro-range",
    decisions(layers, branches, units),
    limits(layers, branches, units),
  );
  const encode = (arch: RangeArch) =>
    arch.layers.flatMap(({ ranges, skips }) => [
      ...ranges.flatMap(({ start, count }) => [start, count - 1]),
      ...skips,
    ]);
  const decode = (choice: readonly number[]): RangeArch => {
    list.check(choice);
    let at = 0;
    const take = (n: number) => choice.slice(at, at += n);
    return {
      layers: Array.from({ length: layers }, (_, i) => ({
        ranges: Array.from({ length: branches }, () => {
          const [start, more] = take(2);
          return { start, count: more + 1 };
        }),
        skips: take(i),
      })),
    };
  };
  return {
    name: "macro-range",
    summary:
      `${layers} layers, each a range of the ${units} channels of each of ${branches} operations, with ` +
      `skips from any earlier layer`,
    start: () => list.start(),
    decode,
    encode,
    key: (arch) => encode(arch).join(" "),
    supernet: (into) => {
      requireSearchForm(into);
      // Any ranges use all operations; with every skip taken all reductions are needed.
      build(everything(layers, branches, units), { ...into, config });
    },
    build: (arch, into) => build(arch, { ...into, config }),
    graphs: (arch) => [rangeGraph(arch)],
    picture: (arch) => [rangePicture(arch)],
    ...list.variation(encode, decode),
  };
}

function build(arch: RangeArch, into: Sized<RangeSettings>): Model {
  const network = into.form === "search" ? rangeSearchNetwork : rangeFinalNetwork;
  return toModel(into, network(arch, into));
}

const everything = (layers: number, branches: number, units: number): RangeArch => ({
  layers: Array.from({ length: layers }, (_, i) => ({
    ranges: new Array<Range>(branches).fill({ start: 0, count: units }),
    skips: new Array<number>(i).fill(1),
  })),
});

function decisions(layers: number, branches: number, units: number): Decision[] {
  const firsts = Array.from({ length: units }, (_, c) => `from ${c}`);
  const counts = Array.from({ length: units - 1 }, (_, c) => c ? `${c + 1} channels` : "1 channel");
  return Array.from({ length: layers }, (_, i): Decision[] => {
    const decision = (id: string, name: string, labels: string[]): Decision => ({
      id: `layer${i}/${id}`,
      name: `layer ${i}, ${name}`,
      kind: "number",
      node: i,
      options: labels.length,
      labels,
    });
    return [
      ...macroOps.slice(0, branches).flatMap(({ label, kind, k }): Decision[] => [
        decision(`${kind}${k}/first`, `${label}, first channel`, firsts),
        decision(`${kind}${k}/more`, `${label}, more channels`, counts),
      ]),
      ...skipDecisions(i),
    ];
  }).flat();
}

/** Limits that end a range at the last channel. First channels and counts alternate. */
function limits(layers: number, branches: number, units: number): Limit {
  const kinds = Array.from({ length: layers }, (_, i) => [
    ...new Array(branches).fill(["first", "count"]).flat(),
    ...new Array(i).fill("skip"),
  ]).flat();
  return (choice, at, later) => {
    if (kinds[at] === "skip") return 2;
    if (kinds[at] === "count") return Math.min(units - 1, units - choice[at - 1]);
    return later ? units - choice[at + 1] : units;
  };
}

function rangeGraph({ layers }: RangeArch): LabelledGraph {
  const graph = new GraphBuilder();
  let last = graph.add("input");
  const outputs = [last];
  layers.forEach(({ ranges, skips }, i) => {
    const parts = ranges.map(({ start, count }, b) => {
      const { kind, k } = macroOps[b];
      return graph.add(`${kind}${k} ${start}+${count}`, last);
    });
    last = graph.add("concat", ...parts, ...outputs.filter((_, j) => skips[j]));
    outputs.push(last);
    if (reducesAfter(i, layers.length)) last = graph.add("reduce", last);
  });
  graph.add("output", last);
  return graph.done();
}

function rangePicture({ layers }: RangeArch): Graph {
  const graph: Graph = {
    name: "macro",
    nodes: [{ id: "stem", label: "stem", kind: "input" }],
    edges: [],
  };
  const idOf = (j: number) => j === 0 ? "stem" : `layer ${j - 1}`;
  let last = "stem";
  const append = (node: Graph["nodes"][number], from: readonly string[]) => {
    graph.nodes.push(node);
    for (const id of from) graph.edges.push({ from: id, to: node.id, kind: "sequence" });
  };
  layers.forEach(({ ranges, skips }, i) => {
    const id = `layer ${i}`;
    const parts = ranges.map(({ start, count }, b) => {
      const label = `${macroOps[b].label}: ${start}–${start + count - 1}`;
      append({ id: `${id} part ${b}`, label, kind: "op", group: id }, [last]);
      return `${id} part ${b}`;
    });
    append({ id, label: "concat", kind: "concat", group: id }, parts);
    last = id;
    skips.forEach((bit, j) => {
      if (bit) graph.edges.push({ from: idOf(j), to: id, kind: "skip" });
    });
    if (reducesAfter(i, layers.length)) {
      append({ id: `reduction ${i}`, label: "halve the size", kind: "reduce" }, [last]);
      last = `reduction ${i}`;
    }
  });
  append({ id: "classifier", label: "classifier", kind: "output" }, [last]);
  return graph;
}
