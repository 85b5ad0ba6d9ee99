import assert from "node:assert/strict";
import { join } from "@std/path";
import { readLines } from "../../src/run/files.ts";
import { writeMadeTable } from "../nas/study/made_table.ts";
import { denas, start } from "./command.ts";

const here = Deno.makeTempDirSync({ prefix: "denas-" });
const env = { INIT_CWD: here };
writeMadeTable(here);

Deno.test("study prints a table and writes figure and report; plot draws the figure again", async () => {
  const only = ["--only", "random,evolution,local search"];
  const args = ["study", "main_experiments", "--table", "made.csv", ...only, "--trials", "3"];
  const { code, stdout, stderr } = await denas([...args, "--queries", "40"], env);
  assert.deepEqual(code, 0, stderr);
  assert.match(
    stdout,
    /^CIFAR-10 test accuracy after 200 epochs, % \(c10_test_200\) of the best by/,
  );
  assert.match(stdout, /\nalgorithm +trials +after 10 +after 20 +after 30 +after 40 /);
  assert.match(stdout, /\nlocal search +3( +\d\d\.\d{3} ± \d+\.\d{3}){4} /);
  assert(stdout.endsWith(
    "\n\nstudies/main_experiments/study.svg\nstudies/main_experiments/report.html\n",
  ));
  assert.match(stderr, /9\/9 trials/);
  const figure = Deno.readTextFileSync(join(here, "studies/main_experiments/study.svg"));
  const plot = await denas(["plot", "studies/main_experiments", "--out", "again.svg"], env);
  assert.deepEqual([plot.code, plot.stdout], [0, "again.svg\n"], plot.stderr);
  assert.deepEqual(Deno.readTextFileSync(join(here, "again.svg")), figure);
});

Deno.test("a printed study is one that can be given back, and bad ones are named with the way out", async () => {
  const printed = await denas(["study", "evo_201", "--print", "--trials", "2", "--strict"], env);
  Deno.writeTextFileSync(join(here, "mine.json"), printed.stdout);
  const again = await denas(["study", "./mine.json", "--print"], env);
  assert.deepEqual(again.stdout, printed.stdout);
  const refused = async (args: string[], message: RegExp, code = 2) => {
    const result = await denas(["study", ...args], env);
    assert.deepEqual(result.code, code, result.stderr);
    assert.match(result.stderr, message);
  };
  await refused(["evo"], /Cannot find study "evo": expected a file or one of main_experiments/);
  await refused(["none.json"], /Cannot read study none.json: there is no such file/);
  await refused(
    ["evo_201", "--table", "made.csv", "--table-dataset", "cifar100"],
    /Cannot use data set "cifar100" of table made.csv: expected one of cifar10/,
  );
  await refused(
    ["evo_201", "--only", "evolution"],
    /expected one of evolution adj, evolution path/,
  );
  await refused(["evo_201", "--trials", "0"], /expected a whole number above 0/);
  await refused(["test_simple"], /no table is named .* expected --table FILE; docs\/tables.md/);
});

Deno.test("a study all of whose trials fail says how many and why, and exits with 1", async () => {
  const rows = Deno.readTextFileSync(join(here, "made.csv")).split("\n");
  Deno.writeTextFileSync(join(here, "few.csv"), rows.slice(0, 20).join("\n") + "\n");
  const args = ["study", "test_simple", "--table", "few.csv", "--trials", "2"];
  const { code, stderr } = await denas(args, env);
  assert.deepEqual(code, 1, stderr);
  assert.match(
    stderr,
    /2 trials failed, the first random with seed \d: Cannot find \|.* in table few/,
  );
});

/** Trials as they are without their times, in order. */
function trialsOf(folder: string): string[] {
  return readLines<Record<string, unknown>>(join(folder, "study.ndjson"))
    .filter(({ type }) => type === "trial")
    .map(({ seconds: _, ...trial }) => JSON.stringify(trial)).sort();
}

const long = ["study", "evo_201", "--table", "made.csv", "--trials", "300", "--queries", "100"];

/** Starts the study and sends the signal as soon as it has this number of lines. */
async function endAt(lines: number, out: string, signal: Deno.Signal): Promise<number> {
  const { child } = start([...long, "--out", out], env);
  let ended = false;
  const output = child.output().finally(() => ended = true);
  for (let there = 0; there < lines;) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (ended) throw new Error(new TextDecoder().decode((await output).stderr));
    try {
      there = Deno.readTextFileSync(join(here, out, "study.ndjson")).split("\n").length - 1;
    } catch {
      // Not begun.
    }
  }
  child.kill(signal);
  return (await output).code;
}

Deno.test("a study that is killed or interrupted anywhere ends as if it never was", async () => {
  assert.deepEqual((await denas([...long, "--out", "whole"], env)).code, 0);
  await endAt(1, "cut", "SIGKILL");
  await endAt(200, "cut", "SIGKILL");
  const kept = trialsOf(join(here, "cut")).length;
  // Some of the lines are the study's own.
  assert(kept >= 190 && kept < 900, `${kept} trials`);
  // A process that is killed while writing leaves such a line.
  const file = join(here, "cut", "study.ndjson");
  Deno.writeTextFileSync(file, '{"type":"trial","task":0,"algor', { append: true });
  assert.deepEqual(await endAt(400, "cut", "SIGINT"), 130);
  const { code, stderr } = await denas([...long, "--out", "cut"], env);
  assert.deepEqual(code, 0, stderr);
  const trials = trialsOf(join(here, "cut"));
  assert.deepEqual(trials.length, 900);
  assert.deepEqual(trials, trialsOf(join(here, "whole")));
});

Deno.test("plot draws what surrogate measured, and says of other files what they are not", async () => {
  const measured = ["surrogate", "made.csv", "--n-train", "10,20", "--test", "50", "--seeds", "2"];
  const { code, stderr } = await denas([...measured, "--predictors", "gp-rbf"], env);
  assert.equal(code, 0, stderr);
  const plot = await denas(["plot", "surrogate.ndjson"], env);
  assert.deepEqual([plot.code, plot.stdout], [0, "surrogate.svg\n"], plot.stderr);
  const svg = Deno.readTextFileSync(join(here, "surrogate.svg"));
  assert.match(svg, /gp-rbf, adj, trained on 20: predicted/);
  // Other settings and targets are other measurements.
  const own = ["--predictors", "ensemble", "--encodings", "trunc_path", "--path-cutoffs", "5,30"];
  const small = [
    "--layers",
    "2",
    "--epochs",
    "5",
    "--ensemble",
    "2",
    "--target",
    "error",
    "--json",
  ];
  const again = await denas([...measured, ...own, ...small], env);
  assert.equal(again.code, 0, again.stderr);
  const [first] = JSON.parse(again.stdout);
  assert.deepEqual([first.encoding, first.trainSize, first.seeds], ["trunc_path:5", 10, 2]);
  assert.ok(first.testError > 0 && first.trainError > 0);
  const kept = Deno.readTextFileSync(join(here, "surrogate.ndjson")).trim().split("\n")
    .map((text) => JSON.parse(text));
  assert.equal(kept.length, 8 + 8);
  assert.deepEqual(kept[8].settings, { layers: 2, epochs: 5, ensemble: 2 });
  assert.equal(kept[8].target, "error");
  const refused = await denas([...measured, "--predictors", "gp-wl", "--width", "3"], env);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /Cannot set width of predictor gp-wl: expected one of noise/);
  Deno.writeTextFileSync(join(here, "other.ndjson"), "{}\n");
  const other = await denas(["plot", "other.ndjson"], env);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /Cannot draw .*other.ndjson: its first line is neither/);
});
