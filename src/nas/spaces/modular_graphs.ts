/** Graphs of a sequence of modules, for kernels and predictors, and for drawings. */
import { GraphBuilder } from "../predictors/graphs.ts";
import type { Graph, LabelledGraph } from "../space.ts";
import { chainEdges } from "./cell_graph.ts";
import type { Placed } from "./modular_network.ts";
import type { ModularSettings } from "./modular_settings.ts";
import { cellPicture } from "./nasbench101.ts";
import { opName } from "./nasbench101_arch.ts";

/** The graph of a sequence: the cells one after the other; a position's output is the next one's input. */
export function networkGraph(sequence: readonly Placed[]): LabelledGraph {
  const graph = new GraphBuilder();
  let last = graph.add("input");
  for (const { module: { dag } } of sequence) {
    const vertices = dag.labels.map((label, v) => v === 0 ? last : graph.add(opName(label)));
    dag.out.forEach((set, v) =>
      vertices.forEach((to, w) => {
        if (set >> w & 1) graph.connect(vertices[v], to);
      })
    );
    last = vertices.at(-1)!;
  }
  return graph.done();
}

/** Drawings of a sequence: the skeleton, and each module that it uses. */
export function pictures(sequence: readonly Placed[], config: ModularSettings): Graph[] {
  const nodes: Graph["nodes"] = [
    { id: "stem", label: `stem: ${config.filters} channels`, kind: "input" },
    ...sequence.map(({ id }, i): Graph["nodes"][number] => ({
      id: `position ${i}`,
      label: `module ${id} × ${config.numStages}: ${config.filters * 2 ** (i + 1)} channels` +
        (i > 0 ? ", halves the size" : ""),
      kind: "op",
    })),
    { id: "classifier", label: "classifier", kind: "output" },
  ];
  const used = new Map(sequence.map(({ id, module }) => [id, module]));
  const ids = [...used.keys()].sort((a, b) => a - b);
  return [
    { name: "network", nodes, edges: chainEdges(nodes) },
    ...ids.map((id) => cellPicture(used.get(id)!.dag, `module ${id}`)),
  ];
}
