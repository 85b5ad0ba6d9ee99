import assert from "node:assert/strict";
import { openGrammar } from "../../../src/nas/grammar/built_in.ts";
import { foldGraphs, fullGraph } from "../../../src/nas/grammar/kernel_graphs.ts";
import { primitivesWith } from "../../../src/nas/grammar/primitives.ts";
import { parseArch } from "../../../src/nas/grammar/text.ts";
import type { LabelledGraph } from "../../../src/nas/space.ts";
import { trees } from "./_trees.ts";

const primitives = primitivesWith();
const grammar = openGrammar("nb201_variable_multi_multi", primitives);

const size = ({ labels, successors }: LabelledGraph) =>
  `${labels.length}/${successors.flat().length}`;

Deno.test("full and fold graphs have the published numbers of vertices and edges", () => {
  const sizes = trees.slice(0, 4).map((text) => {
    const [tree] = parseArch(grammar, text);
    const graphs = [fullGraph(grammar, tree, primitives), ...foldGraphs(grammar, tree, primitives)];
    return graphs.map(size).join(" ");
  });
  assert.deepEqual(sizes, [
    "139/183 5/4 11/10 21/21 49/93 55/99",
    "266/455 6/5 18/24 54/112 138/327 154/343",
    "100/396 5/4 14/13 38/38 38/38 38/38",
    "130/168 5/4 11/10 22/23 58/96 62/100",
  ]);
});
