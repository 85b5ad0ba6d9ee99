import assert from "node:assert/strict";
import fc from "fast-check";
import { describe } from "../../src/nas/analysis/describe.ts";
import {
  connectedNb201,
  formatNb201,
  type Nb201Arch,
  type Nb201Equivalence,
  nb201Number,
  uniqueNb201,
} from "../../src/nas/spaces/nasbench201.ts";
import { Rng } from "../../src/common/random.ts";
import { spaceAt } from "./child_config.ts";

const space = spaceAt("nasbench201", { layers: 15, filters: 16 });

/** All 15,625 cells, by their number. */
const all: Nb201Arch[] = Array.from({ length: 5 ** 6 }, (_, n) => ({
  ops: [...n.toString(5).padStart(6, "0")].map(Number),
}));

Deno.test("nasbench201: every string of the published notation comes back from its cell", () => {
  const strings = new Set(all.map(formatNb201));
  assert.equal(strings.size, 15_625);
  all.forEach((arch, n) => {
    assert.equal(nb201Number(arch), n);
    assert.deepEqual(space.notation!.parse(formatNb201(arch)), arch);
  });
  assert.equal(
    formatNb201({ ops: [4, 2, 1, 2, 1, 1] }),
    "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
  );
});

Deno.test("nasbench201: as many cells are distinct and connected as published", () => {
  const distinct = (up: Nb201Equivalence) => new Set(all.map((cell) => uniqueNb201(cell, up))).size;
  assert.deepEqual([distinct("skips"), distinct("zeros"), distinct("sums")], [12_751, 6466, 5390]);
  assert.equal(all.filter(connectedNb201).length, 15_284);
});

Deno.test("nasbench201: networks have the published numbers of parameters", () => {
  const parameters = (ops: number[], classes = 10, side = 32) =>
    describe({ space, choice: ops, input: [side, side, 3], classes, form: "final" }).parameters;
  assert.equal(parameters([3, 3, 3, 3, 3, 3]), 1_531_546);
  assert.equal(parameters([3, 3, 3, 3, 3, 3], 100), 1_537_396);
  assert.equal(parameters([3, 3, 3, 3, 3, 3], 120, 16), 1_538_696);
  assert.equal(parameters([1, 1, 1, 1, 1, 1]), 73_306);
  assert.equal(parameters([3, 0, 3, 1, 0, 1]), 559_386);
  assert.equal(parameters([0, 0, 0, 0, 0, 0]), 73_306);
  assert.equal(parameters([2, 4, 1, 0, 0, 3]), 73_306 + 28_000 + 243_040);
});

Deno.test("nasbench201: a cell has 24 neighbours, one of which a mutation gives", () => {
  fc.assert(fc.property(fc.nat(15_624), fc.nat(), (n, seed) => {
    const around = space.neighbours!(all[n]).map(space.key);
    assert.equal(new Set(around).size, 24);
    assert.ok(around.includes(space.key(space.mutate!(all[n], new Rng(seed, 0)))));
  }));
});

Deno.test("nasbench201: a wrong string is refused by the node that is wrong", () => {
  const good = formatNb201({ ops: [3, 3, 3, 3, 3, 3] });
  const cases: [string, RegExp][] = [
    ["", /got 1 nodes, expected 3/],
    [good.replace("nor_conv_3x3~0", "conv~0"), /node 1 has operation "conv", expected none, skip/],
    [good.replace("|nor_conv_3x3~1|+", "|nor_conv_3x3~0|+"), /edge 1 of node 2 comes from 0/],
    [good.slice(0, -1), /node 3 is .*expected 3 × \|operation~source/],
    [good.replace("|nor_conv_3x3~2|", "|"), /node 3 is/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => space.notation!.parse(text), { name: "UsageError", message });
  }
});
