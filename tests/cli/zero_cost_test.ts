/** `denas zero-cost` on a table and on a finished search. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { readLines } from "../../src/run/files.ts";
import { writePictures } from "../data/make.ts";
import { denas } from "./command.ts";

const here = await Deno.makeTempDir({ prefix: "denas-" });
globalThis.addEventListener("unload", () => Deno.removeSync(here, { recursive: true }));
await writePictures(join(here, "photos"), { train: 20, valid: 4, test: 6 }, { size: [16, 16] });
const cells = ["333333", "111111", "222222", "313113", "444444", "121212"];
await Deno.writeTextFile(
  join(here, "table.csv"),
  `ops,c10_test_200\n${cells.map((ops, i) => `${ops},${90 - 3 * i}`).join("\n")}\n`,
);
const onPhotos = ["--data", "photos", "--score-batch", "4"];
const onTable = ["zero-cost", "table.csv", "--preset", "smoke", ...onPhotos];
const run = (args: string[]) => denas(args, { INIT_CWD: here });
const readJson = async (name: string) => JSON.parse(await Deno.readTextFile(join(here, name)));
const kept = async () =>
  (await Deno.readTextFile(join(here, "zero_cost.ndjson"))).split("\n").length;

Deno.test("scores of a table's networks are correlated with its results, and measured once", async () => {
  const { code, stdout, stderr } = await run([...onTable, "--zc-method", "params,nwot"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^score .*\nparams +\S+ .* 6 +0\nnwot /m);
  const both = await readJson("zero_cost_proxy2.json");
  assert.deepEqual(Object.keys(both), ["params", "nwot"]);
  const lines = await kept();
  const again = await run([...onTable, "--zc-method", "nwot", "--top", "0.5", "--json"]);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(await kept(), lines);
  const { nwot } = await readJson("zero_cost_top_50_nwot.json");
  assert.equal(nwot.architectures, 3);
  assert.deepEqual(JSON.parse(again.stdout), { nwot });
});

Deno.test("scores of workers are those of one process", async () => {
  const results = async (more: string[]) => {
    const out = Deno.makeTempDirSync({ dir: here });
    const measured = [...onTable, "--zc-method", "params,nwot", "--out", out, ...more];
    const { code, stderr } = await run(measured);
    assert.equal(code, 0, stderr);
    const lines = readLines<Record<string, unknown>>(join(out, "zero_cost.ndjson"));
    return lines.map(({ seconds: _, ...line }) => JSON.stringify(line)).sort();
  };
  assert.deepEqual(await results(["--workers", "2"]), await results([]));
});

Deno.test("the scores of a search by nwot correlate with themselves", async () => {
  const search = ["search", "--mode", "nasbench201", "--preset", "smoke", "--strategy", "random"];
  const options = ["--evaluator", "zero-cost", "--queries", "5", ...onPhotos];
  const found = await run([...search, ...options]);
  assert.equal(found.code, 0, found.stderr);
  const [entry] = [...Deno.readDirSync(join(here, "runs"))].filter((e) => e.name !== "queue");
  const { code, stderr } = await run([
    "zero-cost",
    entry.name,
    "--zc-method",
    "nwot",
    "--score-batch",
    "4",
  ]);
  assert.equal(code, 0, stderr);
  const { nwot } = await readJson("zero_cost_nwot.json");
  assert.equal(nwot.kendalltau, 1);
});

Deno.test("a wrong score, a wrong share and a source without results are named", async () => {
  const score = await run([...onTable, "--zc-method", "nwat"]);
  assert.equal(score.code, 2);
  assert.match(score.stderr, /one of params, flops/);
  const top = await run([...onTable, "--top", "2"]);
  assert.match(top.stderr, /a share from 0 to 1/);
  const nothing = await run(["zero-cost", "absent"]);
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /neither such a file nor such a run, expected a table of results/);
});
