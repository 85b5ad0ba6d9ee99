import assert from "node:assert/strict";
import { describe } from "../../../src/nas/analysis/describe.ts";
import { parseNb201, uniqueNb201 } from "../../../src/nas/spaces/nasbench201.ts";
import { indexIn, openTable, type Table } from "../../../src/nas/tables/mod.ts";
import { spaceAt } from "../child_config.ts";
import { tableTest } from "./real.ts";

const nb201 = ["nasbench201", "nb201.csv"];
const space = spaceAt("nasbench201", { layers: 15, filters: 16 });

/**
 * Known facts about the test accuracy after 200 epochs on each data set. Local maxima are counted as strict
 * ones and as those that no neighbour exceeds; five decimals in the file make a few values equal.
 */
const facts = [
  {
    column: "c10_test_200",
    best: 94.3733,
    at: [6111, 13714],
    mean: 87.063,
    maxima: [17, 18],
    known: 17,
  },
  { column: "c100_test_200", best: 73.5133, at: [9930], mean: 61.406, maxima: [23, 25], known: 24 },
  { column: "in16_test_200", best: 47.3111, at: [857], mean: 33.586, maxima: [34, 37], known: 36 },
];

/** Expected maximum of n samples without replacement. */
function expectedBest(values: readonly number[], n: number): number {
  const sorted = [...values].sort((a, b) => b - a);
  // Probability that none of the better ones was drawn, times that this one is.
  let none = 1, expected = 0;
  for (let i = 0; i < sorted.length && n <= sorted.length - i; i++) {
    const drawn = n / (sorted.length - i);
    expected += none * drawn * sorted[i];
    none *= 1 - drawn;
  }
  return expected;
}

function localMaxima(table: Table, column: string): [strict: number, withTies: number] {
  const values = table.column(column);
  let strict = 0, withTies = 0;
  for (let i = 0; i < table.size; i++) {
    const around = space.neighbours!({ ops: table.choice(i) });
    const best = Math.max(...around.map((a) => values[table.indexOf(space.key(a))]));
    if (values[i] > best) strict++;
    if (values[i] >= best) withTies++;
  }
  return [strict, withTies];
}

tableTest(
  "NAS-Bench-201's table has the published optimum, means and local maxima",
  nb201,
  async (path) => {
    const table = await openTable(path);
    assert.equal(table.size, 15_625);
    assert.equal(table.space, "nasbench201");
    for (const { column, best, at, mean, maxima, known } of facts) {
      const values = [...table.column(column)];
      const top = Math.max(...values);
      assert.ok(Math.abs(top - best) < 1e-4, `${column}: ${top}`);
      assert.deepEqual(values.flatMap((v, i) => v === top ? [i] : []), at);
      assert.ok(Math.abs(values.reduce((a, b) => a + b) / values.length - mean) < 5e-4);
      const found = localMaxima(table, column);
      assert.deepEqual(found, maxima);
      assert.ok(found[0] <= known && known <= found[1]);
    }
    const expected = [93.095, 93.688, 93.847, 93.925, 93.975, 94.117];
    [10, 50, 100, 150, 200, 500].forEach((n, i) => {
      const got = expectedBest([...table.column("c10_test_200")], n);
      assert.ok(Math.abs(got - expected[i]) < 6e-4, `${n}: ${got}`);
    });
  },
);

tableTest("NAS-Bench-201's table lists cells by their strings", nb201, async (path) => {
  const table = await openTable(path);
  const spots: [string, number, number[]][] = [
    ["333333", 1462, [93.76, 71.107, 41.444]],
    ["111111", 1835, [54.297, 15.607, 16.322]],
    ["000000", 1651, [10, 1, 0.833]],
    ["303101", 11472, [93.91, 70.89, 44.233]],
  ];
  for (const [digits, index, accuracies] of spots) {
    const arch = { ops: [...digits].map(Number) };
    assert.equal(indexIn(table, space.key(arch)), index);
    assert.deepEqual(table.choice(index), arch.ops);
    facts.forEach(({ column }, d) =>
      assert.ok(Math.abs(table.column(column)[index] - accuracies[d]) < 5e-4)
    );
  }
  const unique = new Set(
    Array.from({ length: table.size }, (_, i) => uniqueNb201(parseNb201(table.key(i)))),
  );
  assert.equal(unique.size, 6466);
});

tableTest("NAS-Bench-201's networks have the table's parameters", nb201, async (path) => {
  const table = await openTable(path);
  const column = table.column("params_mb");
  for (let i = 0; i < table.size; i += 311) {
    const { parameters } = describe({
      space,
      choice: table.choice(i),
      input: [32, 32, 3],
      classes: 10,
      form: "final",
    });
    assert.equal((parameters / 1e6).toFixed(5), column[i].toFixed(5), table.key(i));
  }
});

const macro = ["nasbench-macro", "macro.csv"];

tableTest("NAS-Bench-Macro reads the same from JSON and CSV", macro, async (path) => {
  const table = await openTable(path);
  const json = await openTable(path.replace("macro.csv", "nas-bench-macro_cifar10.json"));
  assert.equal(table.size, 3 ** 8);
  assert.equal(json.size, table.size);
  const index = indexIn(table, "22212220");
  assert.ok(Math.abs(table.column("mean_acc")[index] - 93.127) < 1e-3);
  assert.equal(Math.max(...table.column("mean_acc")), table.column("mean_acc")[index]);
  for (let i = 0; i < table.size; i += 97) {
    const other = indexIn(json, table.key(i));
    assert.ok(Math.abs(json.column("acc2")[other] - table.column("acc2")[i]) < 1e-3);
    assert.equal(json.column("params")[other], table.column("params")[i]);
  }
});

tableTest(
  "NAS-Bench-Macro's networks have the table's parameters and multiply-adds",
  macro,
  async (path) => {
    const table = await openTable(path);
    const macroSpace = spaceAt("nasbench-macro", { filters: 32 });
    for (let i = 0; i < table.size; i += 131) {
      const { parameters, macs } = describe({
        space: macroSpace,
        choice: table.choice(i),
        input: [32, 32, 3],
        classes: 10,
        form: "final",
      });
      assert.equal(parameters, table.column("params")[i], table.key(i));
      assert.equal(macs, table.column("flops")[i], table.key(i));
    }
  },
);
