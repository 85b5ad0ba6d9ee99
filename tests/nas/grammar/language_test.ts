import assert from "node:assert/strict";
import { countArchs, countTrees, log10 } from "../../../src/nas/grammar/language.ts";
import { parseGrammar } from "../../../src/nas/grammar/parse.ts";
import { activations, cells, darts, hierarchical, primitives } from "./_grammars.ts";

const both = [false, true];

Deno.test("the hierarchical language has the published sizes, with and without duplicates and constraint", () => {
  const sizes = both.flatMap((constrained) =>
    both.map((distinct) => log10(countArchs(hierarchical, { constrained, distinct })).toFixed(4))
  );
  assert.deepEqual(sizes, ["446.0928", "375.8469", "446.0925", "375.8449"]);
  const cell = (distinct: boolean) =>
    countTrees(hierarchical, "CELL", { constrained: true, distinct });
  assert.deepEqual([cell(false), cell(true)], [34_295_895_032n, 728_919_959n]);
});

Deno.test("the cell language, activations and DARTS have the published numbers of trees", () => {
  const count = (constrained: boolean) => countArchs(cells, { constrained });
  assert.deepEqual([count(false), count(true)], [15_625n, 15_284n]);
  assert.deepEqual([countTrees(activations, "L1"), countTrees(activations, "L2")], [
    6_275n,
    393_762_525n,
  ]);
  assert.equal(countTrees(darts, "CELL"), 83_013_134_400n);
  assert.equal(countTrees(darts, "CELL", { constrained: true }), 16_602_626_880n);
  assert.equal(countArchs(darts, { constrained: true }), 16_602_626_880n ** 2n);
});

Deno.test("a grammar with recursion is counted up to its depth", () => {
  const text = `[grammar]
start: E
depth: 3
[topologies]
Two: 1-2 2-3
[productions]
E -> Two E E | relu | mish
`;
  // 2 trees of depth 1, 2² + 2 of depth at most 2, 6² + 2 of depth at most 3.
  assert.equal(countArchs(parseGrammar(text, "pairs", primitives)), 38n);
  const deep = parseGrammar(text.replace("depth: 3", "depth: 64"), "pairs", primitives);
  assert.throws(() => countArchs(deep), /got more than 10\^20000, expected fewer/);
});
