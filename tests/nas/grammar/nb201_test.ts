import assert from "node:assert/strict";
import { memoryTable } from "../../../src/nas/tables/csv.ts";
import { tableInSpace } from "../../../src/nas/tables/in_space.ts";
import { grammarDefinition } from "../../../src/nas/spaces/grammar.ts";
import { trees } from "./_trees.ts";
import { spaceAt } from "../child_config.ts";

const space = grammarDefinition.open(
  grammarDefinition.settings.parse({ grammar: "nb201_fixed_1_none" }),
);
const cell = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|";
const tree = "(CELL Cell (OPS conv3x3) (OPS zero) (OPS conv3x3) (OPS id) (OPS zero) (OPS conv1x1))";

Deno.test("cells are written as strings of NAS-Bench-201 and read from them", () => {
  const arch = space.notation!.parse(cell);
  assert.equal(space.texts!(arch).tree, tree);
  assert.equal(space.texts!(arch).nb201, cell);
  const hierarchical = grammarDefinition.open(grammarDefinition.settings.parse({}));
  assert.deepEqual(Object.keys(hierarchical.texts!(hierarchical.notation!.parse(trees[0]))), [
    "tree",
    "term",
  ]);
  assert.equal(hierarchical.tables, undefined);
});

Deno.test("a table of NAS-Bench-201 is one of the cell space, without the cells that nothing joins", () => {
  const other = spaceAt("nasbench201", { layers: 15, filters: 16 });
  const dead = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
  const keys = [dead, cell];
  const table = memoryTable("made.csv", {
    space: "nasbench201",
    metrics: [{ name: "acc", label: "acc", unit: "%", runs: ["acc_1"] }],
    tasks: [],
  }, {
    keys,
    indices: new Map(keys.map((key, i) => [key, i])),
    choices: keys.map((key) => other.encode(other.notation!.parse(key))),
    columns: new Map([["acc", Float64Array.of(10, 90)], ["acc_1", Float64Array.of(11, 91)]]),
  });
  const here = tableInSpace(table, space);
  assert.deepEqual([here.space, here.size, here.key(0)], ["grammar", 1, tree]);
  assert.deepEqual([here.indexOf(tree), here.indexOf(cell)], [0, -1]);
  assert.deepEqual([...here.column("acc"), ...here.column("acc_1")], [90, 91]);
  assert.deepEqual(space.decode(here.choice(0)), space.notation!.parse(cell));
  assert.equal(tableInSpace(table, other), table);
});
