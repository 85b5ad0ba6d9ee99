import { join } from "@std/path";
import { assert, assertEquals } from "@std/assert";
import { asHnasCommand } from "../../src/cli/hnas_options.ts";
import { readTree } from "../../src/run/working_directory/tree.ts";
import { denas, start } from "./command.ts";

const here = Deno.makeTempDirSync({ prefix: "denas-" });
const env = { INIT_CWD: here };

/** The search of hnas' README, word by word, with values for its variables. */
const readme = (directory: string, searcher: string) =>
  [
    "python experiments/optimize.py",
    `--working_directory ${directory}`,
    "--data_path data",
    "--search_space nb201_variable_multi_multi",
    "--objective debug",
    `--searcher ${searcher}`,
    "--surrogate_model gp_hierarchical",
    "--seed 777",
    "--pool_strategy evolution",
    "--pool_size 200",
    "--n_init 10",
    "--p_self_crossover 0.5",
  ].join(" ").split(" ");

const lossesIn = (path: string) =>
  readTree(join(here, path), () => {}).map(({ outcome }) =>
    outcome?.status === "ok" ? outcome.loss : null
  );

Deno.test("the way that hnas' commands are written is taken as it is", () => {
  assertEquals(asHnasCommand(["hnas", "python3", "experiments/optimize.py", "-ps", "50"]), [
    "hnas",
    "optimize",
    "--pool_size",
    "50",
  ]);
  assertEquals(asHnasCommand(["hnas", "--searcher", "random", "search", "--log"]), [
    "hnas",
    "--searcher",
    "random search",
    "--log",
  ]);
  assertEquals(asHnasCommand(["hnas", "surrogate_regression.py"]), [
    "hnas",
    "surrogate_regression",
  ]);
  assertEquals(asHnasCommand(["search", "-ps"]), ["search", "-ps"]);
});

Deno.test("the README's search runs after denas hnas; killed and in two processes it ends the same in number", async () => {
  // So many that the process is still at work when it is killed.
  const total = 120;
  const args = [...readme("wd", "random search"), "--max_evaluations_total", `${total}`];
  const path = "wd/random_search/777";
  const { child } = start(["hnas", ...args], env);
  while (lossesIn(path).length < 5) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGKILL");
  await child.output();
  const before = lossesIn(path);
  assert(before.length < total, "killed too late");
  // A configuration whose process was killed before it had a result.
  await Deno.remove(join(here, path, "results", "config_2", "result.yaml"));
  const both = await Promise.all([1, 2].map(() => denas(["hnas", ...args], env)));
  for (const { code, stderr } of both) {
    assertEquals(code, 0, stderr);
    // The README's folder is not there: the original would download into it.
    assert(stderr.includes("there is no folder --data_path data"), stderr);
  }
  const losses = lossesIn(path);
  assertEquals(losses.length, total);
  assert(!losses.includes(null));
  assertEquals(losses[1], before[1]);
  const text = (name: string) => Deno.readTextFileSync(join(here, path, name));
  assertEquals(text("all_losses_and_configs.txt").split("Config ID: ").length, total + 1);
  assertEquals(JSON.parse(text("args.json")).searcher, "random_search");
  assert(both.every(({ stdout }) => stdout.includes(`${total} architectures scored`)));
  // The README's second command, on these results.
  const second = "python experiments/surrogate_regression.py --working_directory wd " +
    "--search_space nb201_variable_multi_multi --objective debug " +
    "--surrogate_model gp --n_train 10 --seeds 2";
  const fitted = await denas(["hnas", ...second.split(" ")], env);
  assertEquals(fitted.code, 0, fitted.stderr);
  const results = JSON.parse(Deno.readTextFileSync(join(here, "wd", "surrogate_gpwl_10.json")));
  assertEquals(Object.keys(results), ["0", "1"]);
  const { y_pred, y_test, ...figures } = results["0"];
  // No more than 100 architectures are the test set.
  assertEquals([y_pred.length, y_test.length], [100, 100]);
  assertEquals(Object.keys(figures), ["pearson", "spearman", "kendalltau", "nll"]);
});

Deno.test("what does not fit is named before anything is made", async () => {
  const refused = async (args: string[], message: RegExp) => {
    const { code, stderr } = await denas(["hnas", "--working_directory", "no", ...args], env);
    assertEquals(code, 2, stderr);
    assert(message.test(stderr), stderr);
  };
  await refused(
    ["--objective", "act_cifar10"],
    /Cannot search space nb201_variable_multi_multi for objective act_cifar10: expected --search_space act_cifar10/,
  );
  await refused(["--objective", "nope"], /got "nope", expected one of nb201_cifar10, /);
  await refused(
    ["--searcher", "grid_search"],
    /expected one of bayesian_optimization, random_search/,
  );
  await refused(["--p_self_crossover", "2"], /expected a number from 0 to 1/);
  await refused(
    [
      "--search_space",
      "nb201_fixed_1_none",
      "--surrogate_model",
      "gp_nasbot",
      "--objective",
      "debug",
    ],
    /Cannot use gp_nasbot in space nb201_fixed_1_none: .* use gpwl/,
  );
  assertEquals([...Deno.readDirSync(here)].some(({ name }) => name === "no"), false);
});

Deno.test("a tree of the original program is continued", async () => {
  const folder = join(here, "theirs", "random_search", "888");
  const tree = (text: string) => `architecture: ${text}\n`;
  const cells = ["(OPS id)", "(OPS avg_pool)"].map((op) =>
    `(CELL Cell ${`${op} `.repeat(6).trim()})`
  );
  cells.forEach((cell, i) => {
    const config = join(folder, "results", `config_${i + 1}`);
    Deno.mkdirSync(config, { recursive: true });
    Deno.writeTextFileSync(join(config, "config.yaml"), tree(cell));
    Deno.writeTextFileSync(
      join(config, "result.yaml"),
      `info_dict:\n  test_score: ${i + 1}\n  train_time: 0.1\nloss: ${i + 1}\n`,
    );
  });
  const args = {
    ...{ search_space: "nb201_fixed_1_none", objective: "debug", searcher: "random_search" },
    ...{ seed: 888, maximum_noise: 0.01, mutate_size: 200, log: false, adjust_params: null },
  };
  Deno.writeTextFileSync(join(folder, "args.json"), JSON.stringify(args));
  const typed = "--working_directory theirs --search_space nb201_fixed_1_none --objective debug " +
    "--searcher random_search --seed 888 --max_evaluations_total 4";
  const { code, stdout, stderr } = await denas(["hnas", ...typed.split(" ")], env);
  assertEquals(code, 0, stderr);
  assertEquals(lossesIn("theirs/random_search/888").slice(0, 2), [1, 2]);
  assertEquals(lossesIn("theirs/random_search/888").length, 4);
  assert(stdout.includes("4 architectures scored"), stdout);
});

Deno.test("a directory of other settings is refused", async () => {
  const path = ["--working_directory", "other", "--objective", "debug"];
  const args = ["hnas", ...path, "--searcher", "random_search", "--max_evaluations_total", "2"];
  assertEquals((await denas(args, env)).code, 0);
  const other = await denas([...args, "--set", "evaluator.goal=9"], env);
  assertEquals(other.code, 2, other.stderr);
  assert(
    /: evaluator.goal is 9, expected 15000000 as in its .*; choose another/.test(other.stderr),
    other.stderr,
  );
});
