import assert from "node:assert/strict";
import fc from "fast-check";
import { Rng } from "../../../src/common/random.ts";
import { type DerivationTree, nodesOf } from "../../../src/nas/grammar/grammar.ts";
import { MOST_NODES } from "../../../src/nas/grammar/cursor.ts";
import { formatArch, formatTree, parseArch } from "../../../src/nas/grammar/text.ts";
import {
  crossed,
  crossedTrees,
  equal,
  mutated,
  mutatedTree,
  sampleArch,
  simplyMutatedTree,
  swappableCount,
} from "../../../src/nas/grammar/variation.ts";
import { uniformArchitecture } from "../../../src/nas/sampling.ts";
import { openGrammar } from "../../../src/nas/grammar/built_in.ts";
import { grammarDefinition } from "../../../src/nas/spaces/grammar.ts";
import { cells, darts, grammars, hierarchical, primitives } from "./_grammars.ts";
import { trees } from "./_trees.ts";

const terminals = (...given: DerivationTree[]) =>
  given.flatMap((tree) => [...nodesOf(tree)].map(({ terminal }) => terminal)).sort();

const opsOf = (cell: DerivationTree) => cell.children.map(({ terminal }) => terminal);

Deno.test("trees have the published numbers of swappable nodes", () => {
  const counts = trees.slice(0, 4).map((text) =>
    swappableCount(hierarchical, parseArch(hierarchical, text)[0])
  );
  assert.deepEqual(counts, [237, 401, 207, 210]);
});

Deno.test("a mutation of the all-conv3x3 cell changes one slot with probability 0.60423, 1.50353 on average", () => {
  const [parent] = parseArch(cells, `Cell(${new Array(6).fill("conv3x3").join(", ")})`);
  const rng = new Rng(4, 0);
  const runs = 20_000;
  const changed = Array.from({ length: runs }, () => {
    const child = opsOf(mutatedTree(cells, parent, rng));
    return child.filter((op) => op !== "conv3x3").length;
  });
  const one = changed.filter((n) => n === 1).length / runs;
  const mean = changed.reduce((a, b) => a + b) / runs;
  assert.ok(Math.abs(one - 0.60423) < 4 * Math.sqrt(0.24 / runs), `${one}`);
  assert.ok(Math.abs(mean - 1.50353) < 4 * 0.75 / Math.sqrt(runs), `${mean}`);
});

for (const grammar of grammars) {
  Deno.test(`${grammar.name}: mutations and crossovers stay in the language`, () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const rng = new Rng(seed, 0);
        const [a, b] = [sampleArch(grammar, rng), sampleArch(grammar, rng)];
        const isWord = (arch: readonly DerivationTree[]) =>
          assert.deepEqual(parseArch(grammar, formatArch(grammar, arch)), arch);
        const mutant = mutated(grammar, a, rng);
        isWord(mutant);
        assert.equal(mutant.filter((tree, m) => !equal(tree, a[m])).length, 1);
        isWord(a.with(0, simplyMutatedTree(grammar, a[0], rng)));
        for (const [one, other] of [[a[0], b[0]], [a[0], a[0]]]) {
          const children = crossedTrees(grammar, one, other, rng);
          if (children.length === 0) continue;
          children.forEach((tree) => isWord(a.with(0, tree)));
          assert.deepEqual(terminals(...children), terminals(one, other));
        }
      }),
      { numRuns: 15 },
    );
  });
}

Deno.test("a crossover chooses receiving and giving slots uniformly", () => {
  const a = parseArch(cells, "Cell(id, id, id, id, id, id)")[0];
  const b = parseArch(cells, "Cell(conv3x3, conv3x3, conv3x3, conv3x3, conv3x3, conv3x3)")[0];
  const rng = new Rng(5, 0);
  const runs = 6000;
  const [received, given] = [new Array(6).fill(0), new Array(6).fill(0)];
  for (let i = 0; i < runs; i++) {
    const [first, second] = crossedTrees(cells, a, b, rng);
    received[opsOf(first).indexOf("conv3x3")]++;
    given[opsOf(second).indexOf("id")]++;
  }
  const error = Math.sqrt(runs * 5 / 36);
  for (const n of [...received, ...given]) assert.ok(Math.abs(n - runs / 6) < 4 * error, `${n}`);
});

Deno.test("a crossover never exchanges whole trees", () => {
  const [a, b] = [trees[0], trees[2]].map((text) => parseArch(hierarchical, text)[0]);
  const rng = new Rng(9, 0);
  for (let i = 0; i < 1500; i++) {
    for (const child of crossedTrees(hierarchical, a, b, rng).slice(0, 1)) {
      assert.equal(child.children[0].symbol, "D1");
    }
  }
});

Deno.test("a self-crossover repeats one subtree in each child", () => {
  const parent = parseArch(cells, "Cell(id, conv3x3, id, id, id, id)")[0];
  const rng = new Rng(6, 0);
  const [first, second] = crossedTrees(cells, parent, parent, rng);
  const convs = [first, second].map((t) => opsOf(t).filter((op) => op === "conv3x3").length);
  assert.deepEqual(convs.sort(), [0, 2]);
});

Deno.test("parents without a difference have no children", () => {
  const parent = parseArch(cells, "Cell(id, id, id, id, id, id)")[0];
  assert.deepEqual(crossedTrees(cells, parent, parent, new Rng(7, 0)), []);
});

Deno.test("a mutation of DARTS changes one of the two cells, and never the first node's inputs alone", () => {
  const rng = new Rng(8, 0);
  for (let i = 0; i < 50; i++) {
    const arch = sampleArch(darts, rng);
    const mutant = mutated(darts, arch, rng);
    const inputs = (tree: DerivationTree) => [1, 3].map((slot) => formatTree(tree.children[slot]));
    mutant.forEach((tree, m) => assert.deepEqual(inputs(tree), inputs(arch[m])));
  }
});

Deno.test("architectures that would be too large are drawn again, also by mutation and crossover", () => {
  const text = `[grammar]
name: growing
start: NET
depth: 40

[topologies]
Two: 1-2 2-3
Three: 1-2 2-3 3-4

[productions]
NET -> Two B relu
B -> Two B B | Three B B B | relu | batch
`;
  const growing = openGrammar(text, primitives);
  const space = grammarDefinition.open(grammarDefinition.settings.parse({ grammar: text }));
  const sizeOf = (tree: DerivationTree) => [...nodesOf(tree)].length;
  const rng = new Rng(1, 0);
  // About half of all derivations never end but for the limits.
  const archs = Array.from({ length: 6 }, () => uniformArchitecture(space, rng));
  const changed = archs.flatMap((a, i) => [
    mutated(growing, a, rng),
    ...crossed(growing, a, archs[(i + 1) % archs.length], rng),
  ]);
  for (const [tree] of [...archs, ...changed]) assert.ok(sizeOf(tree) <= MOST_NODES);
  assert.ok(Math.max(...archs.map(([tree]) => sizeOf(tree))) > 1000, "some are large");

  const huge = text.replace("NET -> Two B relu", "NET -> Big " + "B ".repeat(29)).replace(
    "[productions]",
    `Big: ${Array.from({ length: 29 }, (_, i) => `${i + 1}-${i + 2}`).join(" ")}\n\n[productions]`,
  );
  const refused = grammarDefinition.open(grammarDefinition.settings.parse({ grammar: huge }));
  assert.throws(
    () => uniformArchitecture(refused, rng),
    /Cannot derive an architecture of grammar growing: it has more than 20000 nodes, expected fewer; try a smaller depth/,
  );
});
