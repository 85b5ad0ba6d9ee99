import { assertEquals } from "@std/assert";
import { UsageError } from "../../../src/common/errors.ts";
import { Rng, Stream } from "../../../src/common/random.ts";
import { graphSignature } from "../../../src/nas/graph_kernels/signature.ts";
import { openSpace } from "../../../src/nas/registry.ts";
import type { LabelledGraph, SearchSpace } from "../../../src/nas/space.ts";

/** The same graph with its vertices in another order. */
function renumbered({ labels, successors }: LabelledGraph, rng: Rng): LabelledGraph {
  const to = rng.permutation(labels.length);
  const from = [...to.keys()].sort((a, b) => to[a] - to[b]);
  return {
    labels: from.map((v) => labels[v]),
    successors: from.map((v) => successors[v].map((w) => to[w]).sort((a, b) => a - b)),
  };
}

/** All architectures of the cell space that have a path of operations. */
function* cells(space: SearchSpace<unknown>): Generator<unknown> {
  for (let code = 0; code < 5 ** 6; code++) {
    const choice = Array.from({ length: 6 }, (_, k) => Math.floor(code / 5 ** k) % 5);
    try {
      yield space.decode(choice);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
}

Deno.test("the signature tells all 5,256 graphs of the cell space apart, and no order of vertices", () => {
  const space = openSpace({ kind: "grammar", grammar: "nb201_fixed_1_none" });
  const rng = new Rng(1, Stream.search);
  const seen = new Set<string>();
  let n = 0;
  for (const arch of cells(space)) {
    const [graph] = space.graphs(arch);
    const signature = graphSignature(graph);
    seen.add(signature);
    if (n++ % 50 === 0) assertEquals(graphSignature(renumbered(graph, rng)), signature);
  }
  assertEquals([n, seen.size], [15_284, 5256]);
});

Deno.test("edges have directions and labels count", () => {
  const line = (labels: string[]) => ({ labels, successors: [[1], [2], []] });
  const all = [["input", "a", "b"], ["input", "b", "a"], ["a", "input", "b"]].map(line);
  const forked = { labels: ["input", "a", "b"], successors: [[1, 2], [], []] };
  assertEquals(new Set([...all, forked].map(graphSignature)).size, 4);
});
