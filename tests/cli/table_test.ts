/** Tables on the command line, which need no adapter. */
import { match as assertMatch } from "node:assert/strict";
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { formatNb201, nb201Ops } from "../../src/nas/spaces/nasbench201.ts";
import { RunFolder } from "../../src/run/folder.ts";
import { denas, start } from "./command.ts";

const dir = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));

/** All cells; more convolutions are better, a few parameters apart. */
const file = join(dir, "all.csv");
const cells = Array.from(
  { length: 5 ** 6 },
  (_, n) => [...n.toString(5).padStart(6, "0")].map(Number),
);
const merit = (ops: number[]) => ops.reduce((sum, op) => sum + [0, 3, 5, 9, 4][op], 0);
Deno.writeTextFileSync(
  file,
  ["arch,c10_val_12,c10_test_200,params_mb"].concat(
    cells.map((ops, i) => `${formatNb201({ ops })},${merit(ops)},${merit(ops) + 40},${i}`),
  ).join("\n"),
);
const best = formatNb201({ ops: [3, 3, 3, 3, 3, 3] });
/** No graphics driver, whatever this machine has. */
const bare = { VK_ICD_FILENAMES: "/nonexistent", VK_DRIVER_FILES: "/nonexistent" };

Deno.test("a search on a table opens no adapter, and its winner is like any other", async () => {
  const { code, stdout, stderr, here } = await denas(
    ["search", "--table", file, "--queries", "300", "--seed", "2"],
    bare,
  );
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /table {4}all.csv: 15,625 architectures/);
  assertMatch(stdout, /found by {3}54\.00 % CIFAR-10 validation accuracy after 12 epochs/);
  assertMatch(stdout, /report {5}94\.00 % CIFAR-10 test accuracy after 200 epochs/);
  assertMatch(stdout, /300 architectures scored/);
  const described = await denas(["describe", "--json"], { INIT_CWD: here });
  assertEquals(JSON.parse(described.stdout).space, "nasbench201", described.stderr);
  const shown = await denas(["show"], { INIT_CWD: here });
  assert(shown.stdout.includes(nb201Ops[3]));
  const [run] = [...Deno.readDirSync(join(here, "runs"))].filter((e) => e.isDirectory);
  const extracted = await denas(["extract", run.name, "--top", "1"], { INIT_CWD: here });
  assertMatch(
    extracted.stdout,
    /score: CIFAR-10 validation accuracy after 12 epochs \(c10_val_12\)\n\n +1 {2}54\.00 %/,
  );
  const compared = await denas(["compare"], { INIT_CWD: here });
  assertMatch(compared.stdout, /nasbench201 +2 +– +94\.00 %/);
});

Deno.test("compare refuses when no run that it is given is finished", async () => {
  const here = Deno.makeTempDirSync({ dir });
  const runs = join(here, "runs");
  const run = RunFolder.create({ runs, command: "search", mode: "micro", config: { seed: 1 } });
  run.append({ type: "resume", fromStep: 0 });
  run.close();
  const { code, stdout, stderr } = await denas(["compare", run.name], { INIT_CWD: here });
  assertEquals([code, stdout], [2, ""]);
  assert(stderr.includes("no finished run to compare"), stderr);
  assert(stderr.includes(`${run.name} is interrupted`), stderr);
});

Deno.test("a controller that learns from a table opens a device, but no images", async () => {
  const table = join(dir, "macro.csv");
  const digits = (n: number, base: number, length: number) =>
    Array.from({ length }, (_, i) => Math.floor(n / base ** i) % base);
  const rows = Array.from({ length: 4 ** 3 * 2 ** 3 }, (_, n) => {
    const [a, b, c] = digits(n, 4, 3), [p, q, r] = digits(n >> 6, 2, 3);
    return `${a} ${b} ${p} ${c} ${q} ${r},${60 + 5 * a + b + c + p}`;
  });
  Deno.writeTextFileSync(table, ["arch,accuracy", ...rows].join("\n"));
  const small = ["--set", "space.layers=3", "--set", "space.branches=4"];
  const asked = ["search", "--mode", "macro", "--table", table, "--strategy", "enas", ...small];
  const { code, stdout, stderr } = await denas([
    ...asked,
    ...["--queries", "40", "--data", "/nowhere"],
  ]);
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /40 architectures scored/);
});

Deno.test("a search on a table that is interrupted goes on to the same end", async () => {
  const args = ["search", "--table", file, "--queries", "60000", "--strategy", "random", "--json"];
  const { child, here } = start(args, bare);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!seen.includes('"trial":500,')) seen += (await reader.read()).value ?? "";
  child.kill("SIGINT");
  while (!(await reader.read()).done);
  assertEquals((await child.status).code, 130);
  await child.stderr.cancel();
  const { code, stderr } = await denas(["resume"], { ...bare, INIT_CWD: here });
  assertEquals(code, 0, stderr);
  const [run] = [...Deno.readDirSync(join(here, "runs"))].filter((e) => e.isDirectory);
  const done = JSON.parse(
    Deno.readTextFileSync(join(here, "runs", run.name, "events.ndjson")).trim().split("\n").at(-1)!,
  );
  assertEquals([done.type, done.queries], ["done", 60000]);
});

Deno.test("table says what a table holds", async () => {
  const run = (...args: string[]) => denas(["table", ...args], bare);
  const [info, top, query, around, json] = await Promise.all([
    run("info", file),
    run("top", file, "--count", "2"),
    run("query", file, "333333"),
    run("neighbours", file, best, "--by=-params_mb"),
    run("top", file, "--by", "c10_val_12", "--count", "1", "--json"),
  ]);
  for (const { code, stderr } of [info, top, query, around, json]) assertEquals(code, 0, stderr);
  assertMatch(info.stdout, /15,625 architectures of space nasbench201/);
  assertMatch(info.stdout, /c10_val_12 +0 +25\.2 +54 +% +CIFAR-10 validation accuracy after 12/);
  assertMatch(info.stdout, /cifar10 +c10_val_12 +c10_test_200/);
  assertEquals(top.stdout.split("\n").length, 4);
  assert(top.stdout.includes(best));
  assertMatch(query.stdout, /c10_test_200 +94 +%/);
  assertMatch(around.stdout, /18 of 24 neighbours are better/);
  assertEquals(JSON.parse(json.stdout), [
    { index: 11718, arch: best, c10_val_12: 54, c10_test_200: 94 },
  ]);
});

Deno.test("wrong words about tables are answered with what would be right", async () => {
  const bad = join(dir, "bad.csv");
  Deno.writeTextFileSync(bad, `arch,c10_val_12\n${best},high\n`);
  const cases: [string[], number, string][] = [
    [["table", "info", "none.csv"], 1, "there is no such file"],
    [["table", "info", bad], 1, 'row 2, column c10_val_12: got "high", expected a number'],
    [["table", "query", file, "|none~0|"], 2, "got 1 nodes, expected 3"],
    [["table", "query", file, "#99999"], 2, "expected #0 … #15624"],
    [
      ["table", "top", file, "--by", "acc"],
      2,
      "expected one of c10_val_12, c10_test_200, params_mb",
    ],
    [["table", "info", file, "--space", "darts"], 2, "it is of space nasbench201"],
    [["search", "--table", file, "--mode", "darts"], 2, "it is of space nasbench201"],
    [["search", "--table", file, "--budget", "1m"], 2, "give --queries instead"],
    [["search", "--mode", "darts", "--queries", "5"], 2, "with shared weights"],
    [["search", "--mode", "darts", "--evaluator", "luck"], 2, "shared, table, train"],
    [["search", "--mode", "darts", "--evaluator", "table"], 2, "name its file with --table"],
  ];
  const results = await Promise.all(cases.map(([args]) => denas(args, bare)));
  results.forEach(({ code, stderr, stdout }, i) => {
    const [args, expected, message] = cases[i];
    assertEquals(code, expected, `${args.join(" ")}: ${stderr}`);
    assert(stderr.includes(message), `${args.join(" ")}: ${stderr}`);
    assertEquals(stdout, "");
  });
});
