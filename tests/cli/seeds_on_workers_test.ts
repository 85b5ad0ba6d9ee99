/** `--seeds` with workers: the same runs as one after the other. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { readLines } from "../../src/run/files.ts";
import { writePictures } from "../data/make.ts";
import { writeMadeTable } from "../nas/study/made_table.ts";
import { denas } from "./command.ts";

const here = Deno.makeTempDirSync({ prefix: "denas-" });
globalThis.addEventListener("unload", () => Deno.removeSync(here, { recursive: true }));
const read = (...path: string[]) => Deno.readTextFileSync(join(here, ...path));

async function run(args: readonly string[], code = 0) {
  const found = await denas(args, { INIT_CWD: here });
  assert.equal(found.code, code, found.stderr);
  return found;
}

/** Names of the runs in a folder, oldest first. */
const runsIn = (folder: string) =>
  [...Deno.readDirSync(join(here, folder))].map(({ name }) => name)
    .filter((name) => /^\d/.test(name)).sort();

/** Events of a run without what depends on time, or on when it was saved. */
const eventsOf = (...path: string[]) =>
  readLines<Record<string, unknown>>(join(here, ...path, "events.ndjson"))
    .filter(({ type }) => type !== "checkpoint" && type !== "compile")
    .map(({ seq: _, time: _t, seconds: _s, secondsLeft: _l, imagesPerSecond: _r, ...rest }) =>
      rest
    );

Deno.test("searches with several seeds are the same on workers, their winners and the comparison too", async () => {
  writeMadeTable(here);
  const search = ["search", "--table", "made.csv", "--strategy", "evolution", "--queries", "30"];
  const alone = await run([...search, "--seeds", "1,2", "--runs", "a"]);
  const winners = [1, 2].map((seed) => read(`arch-seed${seed}.json`));
  const both = await run([...search, "--seeds", "1,2", "--runs", "b", "--workers", "2"]);
  assert.deepEqual([1, 2].map((seed) => read(`arch-seed${seed}.json`)), winners);
  const timeless = (text: string) => text.replace(/scored, .*/g, "scored");
  assert.equal(timeless(both.stdout), timeless(alone.stdout));
  assert.deepEqual(runsIn("b"), runsIn("a"));
  for (const name of runsIn("a")) assert.deepEqual(eventsOf("b", name), eventsOf("a", name));
  assert.match(both.stderr, /\nworkers +2 on this machine\n/);
});

Deno.test("a training on a worker leaves the same bits; options that a worker cannot follow are refused", async () => {
  const parts = { train: 12, valid: 4, test: 6 };
  await writePictures(join(here, "photos"), parts, { size: [16, 16] });
  const retrain = [
    ...["retrain", "--baseline", "--space", "macro", "--preset", "smoke", "--data", "photos"],
    ...["--batch", "8", "--filters", "4", "--epochs", "1", "--wait"],
  ];
  await run([...retrain, "--seed", "3", "--runs", "c"]);
  await run([...retrain, "--seeds", "3", "--runs", "d", "--workers", "1"]);
  const [[name], [other]] = [runsIn("c"), runsIn("d")];
  const attempts = readLines<{ status: string }>(join(here, "d", other, "workers.ndjson"));
  assert.deepEqual(attempts.map(({ status }) => status), ["done"], JSON.stringify(attempts));
  assert.deepEqual(eventsOf("d", other), eventsOf("c", name));
  for (const file of ["weights.safetensors", "model.onnx", "config.json"]) {
    assert.ok(read("d", other, file) === read("c", name, file), file);
  }
  const one = await run([...retrain, "--workers", "2"], 2);
  assert.match(one.stderr, /Cannot use workers for one training: expected several, as of --seeds/);
  const curves = [...retrain, "--seeds", "1,2", "--workers", "2", "--monitor-path", "curves"];
  assert.match((await run(curves, 2)).stderr, /expected none of --monitor-path/);
});
