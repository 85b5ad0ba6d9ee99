import { assert, assertEquals } from "@std/assert";
import type { Graph } from "../../src/nas/space.ts";
import { drawSvg, drawText } from "../../src/run/draw.ts";

const node = (id: string, kind: Graph["nodes"][number]["kind"], label = id, group?: string) => ({
  id,
  kind,
  label,
  group,
});
const edge = (from: string, to: string, kind: "sequence" | "skip" = "sequence") => ({
  from,
  to,
  kind,
});

const macro: Graph = {
  name: "macro",
  nodes: [
    node("stem", "input"),
    node("layer 0", "op", "conv 3×3"),
    node("layer 1", "op", "max pool"),
    node("smaller", "reduce", "halve the size"),
    node("layer 2", "op", "sep 5×5"),
    node("out", "output", "classifier"),
  ],
  edges: [
    edge("stem", "layer 0"),
    edge("layer 0", "layer 1"),
    edge("layer 1", "smaller"),
    edge("smaller", "layer 2"),
    edge("layer 2", "out"),
    edge("stem", "layer 1", "skip"),
    edge("layer 0", "layer 2", "skip"),
  ],
};

const cell: Graph = {
  name: "normal cell",
  nodes: [
    node("a", "input", "h−2"),
    node("b", "input", "h−1"),
    node("2.l", "op", "sep 3×3", "block 2"),
    node("2.r", "op", "identity", "block 2"),
    node("2", "sum", "+", "block 2"),
    node("3.l", "op", "avg pool", "block 3"),
    node("3.r", "op", "sep 5×5", "block 3"),
    node("3", "sum", "+", "block 3"),
    node("out", "concat", "output"),
  ],
  edges: [
    edge("a", "2.l"),
    edge("b", "2.r"),
    edge("2.l", "2"),
    edge("2.r", "2"),
    edge("2", "3.l"),
    edge("a", "3.r"),
    edge("3.l", "3"),
    edge("3.r", "3"),
    edge("2", "out"),
    edge("3", "out"),
  ],
};

Deno.test("a chain is a list of layers that names what else each of them reads", () => {
  assertEquals(
    drawText([macro]),
    `macro
  stem
  layer 0         conv 3×3
  layer 1         max pool        ← stem
  halve the size
  layer 2         sep 5×5         ← layer 0
  classifier
`,
  );
});

Deno.test("a block of a cell stands on one line", () => {
  assertEquals(
    drawText([cell]),
    `normal cell
  h−2
  h−1
  block 2  sep 3×3 (h−2)  +  identity (h−1)
  block 3  avg pool (block 2)  +  sep 5×5 (h−2)
  output   ← block 2, block 3
`,
  );
});

Deno.test("the SVG holds every node of every graph, whatever its label, the same bytes each time", async () => {
  const odd: Graph = { ...macro, name: 'a "b" <c> \\ &' };
  const svg = await drawSvg([odd, cell]);
  assert(svg.startsWith("<?xml"));
  const boxes = svg.match(/<g id="node\d+" class="node">/g) ?? [];
  assertEquals(boxes.length, odd.nodes.length + cell.nodes.length);
  for (const text of ["conv 3×3", "identity", "a &quot;b&quot; &lt;c&gt; \\ &amp;"]) {
    assert(svg.includes(`>${text}</text>`), `${text} is missing`);
  }
  assertEquals(await drawSvg([odd, cell]), svg);
});

Deno.test("a graph too large to be laid out is said in one node", async () => {
  const nodes = Array.from({ length: 1001 }, (_, i) => node(String(i), "op", "relu"));
  const edges = nodes.slice(1).map(({ id }, i) => edge(String(i >> 1), id));
  const svg = await drawSvg([{ name: "wide", nodes, edges }, cell]);
  assert(svg.includes("1001 operations: too many to draw"), svg.slice(0, 500));
  assert(!svg.includes("relu"));
});
