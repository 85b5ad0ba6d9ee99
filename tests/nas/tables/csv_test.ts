import assert from "node:assert/strict";
import { join } from "@std/path";
import { TableEvaluator } from "../../../src/nas/evaluators/table_evaluator.ts";
import {
  metricOf,
  objectiveOf,
  openColumns,
  openTable,
  parametersOf,
  requireSpace,
  scoresOf,
  taskOf,
} from "../../../src/nas/tables/mod.ts";
import { spaceAt } from "../child_config.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));

/** A table of these lines, opened. */
function open(lines: string[], space?: string, changes = {}) {
  const path = join(dir, "table.csv");
  Deno.writeTextFileSync(path, lines.join("\n") + "\n");
  return openTable(path, { space: space ? spaceAt(space, changes) : undefined });
}

const all3 =
  "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";

Deno.test("a table of NAS-Bench-201 says what is maximised and what is reported", async () => {
  const table = await open([
    "ops,c10_val_12,c10_test_12,c10_test_200,c100_val_12,c100_test_200",
    "333333,80,79,90.5,50,70.25",
    "111111,40,39,54,20,15",
  ]);
  assert.deepEqual(table.tasks.map(({ dataset }) => dataset), ["cifar10", "cifar100"]);
  const task = taskOf(table, "cifar100");
  assert.equal(task.objective, "c100_val_12");
  assert.equal(task.report, "c100_test_200");
  assert.equal(
    metricOf(table, task.report).label,
    "CIFAR-100 test accuracy after 200 epochs",
  );
  assert.deepEqual([...scoresOf(table, objectiveOf(table, "c100_test_200"))], [0.7025, 0.15]);
  assert.deepEqual([...scoresOf(table, objectiveOf(table, "-c100_val_12"))], [-0.5, -0.2]);
  assert.equal(table.indexOf(all3), 0);
  assert.equal(table.indexOf("|"), -1);
});

Deno.test("a table of NAS-Bench-201 with validation after 200 epochs is searched by that, as published", async () => {
  const header = "ops,c10_val_12,c10_test_200,c10_val_200,c100_val_12,c100_test_200,params_mb";
  const table = await open([header, "333333,80,93.7,91.5,50,70,1.531546"]);
  assert.deepEqual(
    table.tasks.map(({ objective, report }) => [objective, report]),
    [["c10_val_200", "c10_test_200"], ["c100_val_12", "c100_test_200"]],
  );
  assert.deepEqual([...parametersOf(table)!], [1_531_546]);
});

Deno.test("a user's table lists architectures of any space by their choices", async () => {
  const table = await open(
    ["arch,accuracy,latency_ms", "0  1 1  3 0 1,81.5,3", '"2 0 0 0 1 1",80,2'],
    "macro",
    { layers: 3, branches: 6 },
  );
  assert.equal(table.space, "macro");
  assert.equal(table.indexOf("2 0 0 0 1 1"), 1);
  assert.deepEqual(table.choice(0), [0, 1, 1, 3, 0, 1]);
  assert.deepEqual([...scoresOf(table, objectiveOf(table, "accuracy"))], [0.8150000000000001, 0.8]);
  assert.deepEqual([...scoresOf(table, objectiveOf(table, "-latency_ms"))], [-3, -2]);
});

Deno.test("what is wrong in a table is named with row and column", async () => {
  const header = "arch,c10_val_12";
  const cases: [string[], RegExp][] = [
    [[header], /got 2 columns and 0 rows/],
    [["arch", all3], /got 1 columns and 1 rows/],
    [["arch,a,a", `${all3},1,2`], /line 1 names column a twice/],
    [[header, `${all3},80,3`], /row 2: got 3 cells, expected 2/],
    [[header, `${all3},`], /row 2, column c10_val_12: got "", expected a number/],
    [[header, `${all3},NaN`], /row 2, column c10_val_12: got "NaN", expected a number/],
    [[header, `${all3},80`, `${all3},80`], /row 3, column arch: .* stands twice, it repeats row 2/],
    [
      [header, `${all3},80`, `${all3},81`],
      /row 3, .* it contradicts row 2 in column c10_val_12: 81 and 80/,
    ],
    [
      [header, `${all3},80`, `${all3.replace("3x3~2", "5x5~2")},81`],
      /row 3, column arch: .* node 3 has operation "nor_conv_5x5", expected none/,
    ],
    [["ops,c10_val_12", "333333,80", "33333x,80"], /row 3, column ops: .*expected six digits/],
  ];
  for (const [lines, message] of cases) {
    await assert.rejects(open(lines), { name: "DataError", message });
  }
  await assert.rejects(open(["arch,acc", "0 9 1,5"], "macro", { layers: 2 + 1 }), {
    name: "DataError",
    message: /row 2, column arch: .*got 3 choices, expected 6/,
  });
});

Deno.test("what does not fit a table is named with what would", async () => {
  const table = await open(["ops,c10_val_12,c10_lat_s", "333333,80,0.1"]);
  assert.throws(() => metricOf(table, "val"), {
    name: "UsageError",
    message: /metric "val" of table table.csv: expected one of c10_val_12, c10_lat_s/,
  });
  assert.throws(() => taskOf(table, "svhn"), { message: /data set "svhn".*one of cifar10/ });
  assert.throws(() => requireSpace(table, "micro"), { message: /it is of space nasbench201/ });
  await assert.rejects(open(["arch,acc", "0 1 1,5"]), {
    name: "UsageError",
    message: /Cannot tell the space of table table.csv.*name the space with --space/,
  });
  await assert.rejects(open(["a,b", "0,5"]), { message: /columns are a, b, expected arch/ });
  await assert.rejects(openTable(join(dir, "none.csv")), {
    name: "DataError",
    message: /there is no such file/,
  });
  Deno.writeTextFileSync(join(dir, "x.json"), '{"01": {}}');
  await assert.rejects(openTable(join(dir, "x.json")), {
    message: /01, test_acc: .*NAS-Bench-Macro/,
  });
});

Deno.test("a row per data set and number of epochs is read as well", async () => {
  const header = "ops,dataset,epochs,test_acc,train_all_time_s";
  const rows = ["333333,cifar10,12,70,10", "333333,cifar10,200,90,100"];
  const more = ["111111,cifar10,12,40,9", "111111,cifar10,200,50,90"];
  const table = await open([header, ...rows, ...more]);
  assert.equal(table.size, 2);
  assert.deepEqual(table.metrics.map(({ name }) => name), [
    "c10_test_12",
    "c10_train_all_time_s_12",
    "c10_test_200",
    "c10_train_all_time_s_200",
  ]);
  assert.equal(metricOf(table, "c10_train_all_time_s_200").epochs, 200);
  assert.deepEqual([...table.column("c10_test_200")], [90, 50]);
  assert.equal(table.tasks[0].objective, "c10_test_12");
  const cases: [string[], RegExp][] = [
    [[header, ...rows, more[0]], /row 4: 111111 has no row for c10_test_200, which others have/],
    [[header, ...rows, rows[0]], /row 4, column ops: 333333 stands twice for this data set/],
    [[header, "333333,svhn,12,1,1"], /row 2, column dataset: got "svhn", expected one of cifar10/],
    [[header, "333333,cifar10,12,x,1"], /row 2, column c10_test_12: got "x", expected a number/],
  ];
  for (const [lines, message] of cases) {
    await assert.rejects(open(lines), { name: "DataError", message });
  }
});

Deno.test("where a table has several trainings a query may get one of them at random", async () => {
  const arch = "00000000";
  const table = await open([
    "arch,acc1,acc2,acc3,mean_acc,std,params,flops",
    `${arch},40,50,60,50,8,9,9`,
    "00000001,10,10,10,10,0,9,9",
  ]);
  const space = spaceAt("nasbench-macro");
  const evaluator = (runs: "mean" | "one") =>
    new TableEvaluator(
      space,
      openColumns(table, { dataset: "", objective: "", report: "" }),
      runs,
      1,
    );
  const asked = space.notation!.parse(arch);
  const scores = async (of: TableEvaluator<unknown>, n: number, on: "reward" | "selection") => {
    const trials = Array.from({ length: n }, (_, id) => ({ id, arch: asked }));
    const results = await Array.fromAsync(of.evaluate(trials, on));
    return results.map((result) => result.status === "ok" ? result.score.value : NaN);
  };
  assert.deepEqual(await scores(evaluator("mean"), 1, "reward"), [0.5]);
  const one = evaluator("one");
  const values = await scores(one, 30, "reward");
  assert.deepEqual(new Set(values), new Set([0.4, 0.5, 0.6]));
  // The final selection does not draw again.
  assert.deepEqual(await scores(one, 1, "selection"), [values[29]]);
  const saved = await one.snapshot();
  const next = await scores(one, 9, "reward");
  const other = evaluator("one");
  await other.restore(saved);
  assert.deepEqual(await scores(other, 9, "reward"), next);
  assert.equal(one.worst, 0.1);
  assert.equal(one.report(asked), 0.5);
});
