import assert from "node:assert/strict";
import { builtInGrammars } from "../../../src/nas/grammar/built_in.ts";
import { flatGraphs } from "../../../src/nas/grammar/flat.ts";
import {
  type DerivationTree,
  type Grammar,
  type GrammarArch,
  productionsOf,
} from "../../../src/nas/grammar/grammar.ts";
import { foldGraphs, foldLevels, fullGraph } from "../../../src/nas/grammar/kernel_graphs.ts";
import { parseGrammar } from "../../../src/nas/grammar/parse.ts";
import { parseArch } from "../../../src/nas/grammar/text.ts";
import { histogram } from "../../../src/nas/graph_kernels/wl.ts";
import type { LabelledGraph } from "../../../src/nas/space.ts";
import { grammarDefinition } from "../../../src/nas/spaces/grammar.ts";
import { activations, cells, darts, hierarchical, primitives } from "./_grammars.ts";
import { trees } from "./_trees.ts";

const size = ({ labels, successors }: LabelledGraph) =>
  `${labels.length}/${successors.flat().length}`;

/** Every tree from a symbol, whether it obeys the constraints or not. */
function every(grammar: Grammar, word: string): DerivationTree[] {
  if (!grammar.productions.has(word)) return [{ symbol: null, terminal: word, children: [] }];
  return productionsOf(grammar, word).flatMap(({ terminal, arguments: words }) => {
    let children: DerivationTree[][] = [[]];
    for (const argument of words) {
      const options = every(grammar, argument);
      children = children.flatMap((before) => options.map((option) => [...before, option]));
    }
    return children.map((list) => ({ symbol: word, terminal, children: list }));
  });
}

/** Numbers of features after each round, and of graphs that the last round tells apart. */
function features(grammar: Grammar, all: readonly DerivationTree[], rounds: number) {
  const graph = (tree: DerivationTree) => fullGraph(grammar, tree, primitives);
  const counts = Array.from({ length: rounds + 1 }, (_, h) => {
    const seen = new Set<string>(), classes = new Set<string>();
    for (const tree of all) {
      const { labels, counts, ends } = histogram(graph(tree), h);
      const features = [...counts].map((_, i) => `${labels.low[i]}/${labels.high[i]}`);
      features.forEach((feature) => seen.add(feature));
      const last = [...counts].map((count, i) => `${count} ${features[i]}`).slice(h && ends[h - 1]);
      classes.add(last.sort().join());
    }
    return [seen.size, classes.size];
  });
  return { sizes: counts.map(([n]) => n), graphs: counts.at(-1)![1] };
}

Deno.test("full and fold graphs have the published numbers of vertices and edges", () => {
  const sizes = trees.slice(0, 4).map((text) => {
    const [tree] = parseArch(hierarchical, text);
    const full = fullGraph(hierarchical, tree, primitives);
    return [full, ...foldGraphs(hierarchical, tree, primitives)].map(size).join(" ");
  });
  assert.deepEqual(sizes, [
    "139/183 5/4 11/10 21/21 49/93 55/99",
    "266/455 6/5 18/24 54/112 138/327 154/343",
    "100/396 5/4 14/13 38/38 38/38 38/38",
    "130/168 5/4 11/10 22/23 58/96 62/100",
  ]);
});

Deno.test("fold levels show subtrees by non-terminal and topology, opened one level at a time", () => {
  const [tree] = parseArch(hierarchical, trees[0]);
  const labels = foldGraphs(hierarchical, tree, primitives)
    .map((graph) => [...new Set(graph.labels)].sort());
  assert.deepEqual(labels[0], ["D0 Linear3", "D1 Linear3", "input", "output"]);
  assert.deepEqual(labels[1], ["C Linear2", "CELL Cell", "DOWN Linear2", "input", "output"]);
  assert.deepEqual(labels[2], ["CELL Cell", "OPS Linear1", "input", "output", "resBlock"]);
  assert.deepEqual(labels[3], ["CONVBLOCK Linear3", "OPS Linear1", "input", "output", "resBlock"]);
});

Deno.test("a tree has as many levels as its deepest topology; with fewer, the deepest repeats", () => {
  const levelsOf = (text: string) => foldLevels(hierarchical, parseArch(hierarchical, text)[0]);
  assert.deepEqual(trees.slice(0, 4).map(levelsOf), [5, 5, 3, 5]);
  assert.equal(foldLevels(activations, parseArch(activations, "UnaryTopo(UnaryTopo(umax))")[0]), 1);
  const space = grammarDefinition.open(
    grammarDefinition.settings.parse({ grammar: "activations" }),
  );
  const [one, two, three] = space.levels!(space.notation!.parse("UnaryTopo(UnaryTopo(umax))"));
  assert.deepEqual([two, three], [one, one]);
  assert.deepEqual(one, [{
    labels: ["input", "L1 UnaryTopo", "output"],
    successors: [[1], [2], []],
  }]);
});

Deno.test("the connected cells have 5,256 graphs, told apart by two rounds, and the known features", () => {
  const space = grammarDefinition.open(
    grammarDefinition.settings.parse({ grammar: "nb201_fixed_1_none" }),
  );
  assert.deepEqual(space.levels!(space.decode([0, 0, 0, 0, 0, 0])), []);
  const connected = every(cells, "CELL").filter((tree) => {
    const { successors } = fullGraph(cells, tree, primitives);
    return successors[0].length > 0;
  });
  assert.equal(connected.length, 15_284);
  const { sizes, graphs } = features(cells, connected, 2);
  assert.deepEqual([sizes, graphs], [[5, 99, 2515], 5256]);
});

Deno.test("the 6,275 inner activation terms have 3,275 graphs: operand order is not seen", () => {
  const text = builtInGrammars.get("activations")!
    .replace(/^L2 ->.*\n/m, "").replace("start: L2", "start: L1");
  const inner = parseGrammar(text, "inner", primitives);
  const all = every(inner, "L1");
  assert.equal(all.length, 6275);
  assert.equal(features(inner, all, 2).graphs, 3275);
});

Deno.test("a DARTS cell has two operations before each addition, skips are contracted", () => {
  const op = "sep_conv_3x3";
  const cell = `DARTS(${op}, 0, ${op}, 1, skip_connect, 0, ${op}, 2, ${op}, 1, ${op}, 3, ` +
    `${op}, 4, max_pool_3x3, 0)`;
  const [tree] = parseArch(darts, `normal: ${cell}; reduce: ${cell}`);
  const { labels, successors } = fullGraph(darts, tree, primitives);
  assert.equal(labels.filter((label) => label === op).length, 6);
  assert.equal(labels.filter((label) => label === "add").length, 4);
  assert.deepEqual(labels.slice(0, 2), ["input1", "input2"]);
  const [first] = successors[0].map((v) => labels[v]).sort();
  assert.equal(first, "add");
  const output = labels.indexOf("output");
  assert.ok(labels.every((label, v) => label !== "add" || successors[v].includes(output)));
});

Deno.test("the network has live edges only, in topological order, with a path of the tree each", () => {
  const text = "Cell(zero, conv3x3, conv3x3, id, conv3x3, conv1x1)";
  const [graph] = flatGraphs(cells, parseArch(cells, text), primitives);
  // Per cell an edge 1-3, the identity 1-4, an edge 3-4; and a reduction per stage.
  assert.equal(graph.edges.length, 15 * 3 + 2);
  assert.ok(graph.edges.every(({ from, to }) => from < to && to < graph.nodes.length));
  assert.equal(new Set(graph.edges.map(({ path }) => path)).size, graph.edges.length);
  assert.ok(graph.edges.every(({ label }) => label !== "zero"));
});

Deno.test("an activation's network stacks its operands in their order", () => {
  const arch: GrammarArch = parseArch(
    activations,
    "BinaryTopo(bsigmoid, UnaryTopo(mconst), UnaryTopo(neg), id, id)",
  );
  const [{ nodes, edges }] = flatGraphs(activations, arch, primitives);
  const stack = nodes.findIndex(({ merge }) => merge === "stack");
  const into = edges.filter(({ to }) => to === stack);
  const before = into.map(({ from }) => edges.find(({ to }) => to === from)!.label);
  assert.deepEqual(before, ["mconst", "neg"]);
  assert.deepEqual(edges.at(-1)!.label, "bsigmoid");
});
