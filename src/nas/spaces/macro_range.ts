/**
 * ENAS's macro space of channel ranges: every layer runs all operations, and a layer's decision is which
 * channels it takes of each (the released code, `controller_search_whole_channels` off). `choice` holds, layer
 * by layer, per operation the first channel and how many more than one follow, then the skip bits from the
 * stem on; the controller decides in the same order. As released, a range has at most all channels but one.
 */
import type { BuildContext, ChildConfig, Decision, Graph, Model, SearchSpace } from "../space.ts";
import { requireConfig, requireSearchForm, toModel } from "./child.ts";
import { DecisionList, type Limit, skipDecisions } from "./codec.ts";
import { macroOps, reducesAfter } from "./macro_arch.ts";
import { type Range, type RangeArch, rangeUnits } from "./macro_range_arch.ts";
import { rangeFinalNetwork, rangeSearchNetwork } from "./macro_range_network.ts";

export { type Range, type RangeArch, type RangeLayer } from "./macro_range_arch.ts";

/** @throws UsageError when a size does not fit. */
export function macroRangeSpace(config: ChildConfig): SearchSpace<RangeArch> {
  requireConfig("macro-range", config, "layers", [3, Infinity]);
  requireConfig("macro-range", config, "branches", [1, macroOps.length]);
  requireConfig("macro-range", config, "filters", [2, Infinity]);
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
    next: (prefix) => list.next(prefix),
    decode,
    encode,
    key: (arch) => encode(arch).join(" "),
    supernet: (into) => {
      requireSearchForm(into);
      // Any ranges take all operations; with every skip taken all reductions are needed.
      build(everything(layers, branches, units), into);
    },
    build,
    graphs: (arch) => [rangeGraph(arch)],
    ...list.moves(encode, decode),
  };
}

function build(arch: RangeArch, into: BuildContext): Model {
  const network = into.config.form === "search" ? rangeSearchNetwork : rangeFinalNetwork;
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
    const decision = (name: string, labels: string[]): Decision => ({
      name: `layer ${i}, ${name}`,
      kind: "number",
      node: i,
      options: labels.length,
      labels,
    });
    return [
      ...macroOps.slice(0, branches).flatMap(({ label }): Decision[] => [
        decision(`${label}, first channel`, firsts),
        decision(`${label}, more channels`, counts),
      ]),
      ...skipDecisions(i),
    ];
  }).flat();
}

/** A range ends at the last channel; first channels and counts take turns. */
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

function rangeGraph({ layers }: RangeArch): Graph {
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
