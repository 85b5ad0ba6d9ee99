import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { isArchFile } from "../../src/nas/arch_formats/arch_file.ts";
import { readLines } from "../../src/run/files.ts";
import { readState } from "../../src/run/state.ts";
import { writePictures } from "../data/make.ts";
import { denas, signalAt, start } from "./command.ts";

/** The smallest search that goes through every phase. */
const search = [
  ...["search", "--mode", "macro", "--preset", "smoke", "--data", "photos", "--batch", "8"],
  ...[
    "--epochs",
    "2",
    "--set",
    "rounds=2",
    "--set",
    "perRound=2",
    "--set",
    "evaluator.rewardBatch=4",
  ],
  ...[
    "--set",
    "selection.drawn=2",
    "--set",
    "selection.best=1",
    "--set",
    "selection.images=8",
    "--wait",
  ],
];

async function newFolder(): Promise<string> {
  const here = Deno.makeTempDirSync({ prefix: "denas-" });
  const parts = { train: 20, valid: 4, test: 6 };
  await writePictures(join(here, "photos"), parts, { size: [16, 16] });
  return here;
}

/** Results of a search, without times and its folder. */
function found(run: string) {
  const trials = readLines<Record<string, unknown>>(join(run, "trials.ndjson"))
    .map(({ time: _, ...trial }) => trial);
  const { data: _, ...arch } = JSON.parse(Deno.readTextFileSync(join(run, "arch.json")));
  return { trials, arch, weights: Deno.readFileSync(join(run, "supernet.safetensors")) };
}

Deno.test("search, then retrain, in a folder of one's own", async () => {
  const here = await newFolder();
  const env = { INIT_CWD: here, DENAS_COMMAND: "./denas" };
  const searched = await denas(search, env);
  assertEquals(searched.code, 0, searched.stderr);
  assert(searched.stdout.includes("layer 0"), "a picture of the winner");
  assert(searched.stdout.endsWith("Next:\n  ./denas retrain arch.json --preset smoke\n"));
  assert(searched.stderr.includes("epoch 2/2"), searched.stderr);
  assert(isArchFile(Deno.readTextFileSync(join(here, "arch.json"))));

  const next = ["retrain", "arch.json", "--preset", "smoke", "--batch", "8", "--json", "--wait"];
  const retrained = await denas(next, env);
  assertEquals(retrained.code, 0, retrained.stderr);
  const events = retrained.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(events.map(({ seq }) => seq), events.map((_, i) => i));
  const done = events.at(-1);
  assertEquals(done.type, "done");
  assertEquals(done.confusion.flat().reduce((a: number, b: number) => a + b), 12);
  assertEquals(done.perClassAccuracy.length, 2);

  const list = (await denas(["runs", "--json"], env)).stdout.trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  assertEquals(list.map(({ status }) => status), ["done", "done"]);
  assertEquals(list[1].testAccuracy, done.testAccuracy);
  const again = await denas(["resume", list[0].path], env);
  assertEquals(again.code, 2);
  assert(again.stderr.includes("the run is done"), again.stderr);
});

Deno.test("a search stopped by Ctrl-C ends after resume like one that was not", async () => {
  const here = await newFolder();
  const env = { INIT_CWD: here };
  // Not ours: it has to survive.
  Deno.writeTextFileSync(join(here, "arch.json"), '{"mine": true}');
  // Enough epochs that most are still to come, however late the signal is.
  const long = [...search, "--epochs", "12"];
  const whole = denas([...long, "--runs", "whole"], env);

  const { child } = start(long, env);
  const stderr = await signalAt("epoch 1/12", child, "SIGINT");
  await child.stdout.cancel();
  assertEquals((await child.status).code, 130, stderr);
  assert(stderr.includes("resume runs/"), stderr);
  const [run] = [...Deno.readDirSync(join(here, "runs"))].map(({ name }) => name);
  assertEquals(readState(join(here, "runs", run)).status, "interrupted");

  const resumed = await denas(["resume", "--wait"], env);
  assertEquals(resumed.code, 0, resumed.stderr);
  assert(resumed.stderr.includes("arch.json was not written by denas"), resumed.stderr);
  assert(resumed.stdout.includes(`retrain runs/${run}/arch.json`), resumed.stdout);
  assertEquals(Deno.readTextFileSync(join(here, "arch.json")), '{"mine": true}');

  assertEquals((await whole).code, 0);
  const [other] = [...Deno.readDirSync(join(here, "whole"))].map(({ name }) => name);
  assertEquals(found(join(here, "runs", run)), found(join(here, "whole", other)));
});

Deno.test("a run whose reader goes away writes a checkpoint, is named interrupted and ends quietly", async () => {
  const here = await newFolder();
  const env = { INIT_CWD: here };
  const onlyRun = (runs: string) =>
    join(here, runs, [...Deno.readDirSync(join(here, runs))][0].name);

  // Both streams close, as with 2>&1 | head.
  const { child } = start([...search, "--runs", "both"], env);
  const reader = child.stderr.getReader();
  await reader.read();
  await Promise.all([reader.cancel(), child.stdout.cancel()]);
  assertEquals((await child.status).code, 141);
  const state = readState(onlyRun("both"));
  assertEquals([state.status, state.error], ["interrupted", undefined]);
  const resumed = await denas(["resume", "--runs", "both", "--wait"], env);
  assertEquals(resumed.code, 0, resumed.stderr);

  const { child: json } = start([...search, "--runs", "json", "--json"], env);
  const lines = json.stdout.getReader();
  await lines.read();
  await lines.cancel();
  const stderr = await new Response(json.stderr).text();
  assertEquals((await json.status).code, 141, stderr);
  assert(stderr.includes("interrupted; to go on:") && !stderr.includes("    at "), stderr);
  assertEquals(readState(onlyRun("json")).status, "interrupted");

  const { child: short } = start(["help"], env);
  await Promise.all([short.stdout.cancel(), short.stderr.cancel()]);
  assertEquals((await short.status).code, 141);
});

Deno.test("folders that a run cannot write are named before there is a run", async () => {
  const here = await newFolder();
  Deno.writeTextFileSync(join(here, "file"), "");
  for (const option of ["--monitor-path", "--model-save-path"]) {
    const { code, stderr } = await denas([...search, option, "file/x"], { INIT_CWD: here });
    assertEquals(code, 1, stderr);
    assert(stderr.includes(`Cannot write ${join(here, "file/x")}: `), stderr);
  }
  const never = await denas([...search, "--model-save-interval", "0"], { INIT_CWD: here });
  assertEquals(never.code, 2, never.stderr);
  assertEquals([...Deno.readDirSync(here)].map(({ name }) => name).sort(), ["file", "photos"]);
});

Deno.test("describe counts without an adapter, as a table and as JSON", async () => {
  const env = { VK_DRIVER_FILES: "/nonexistent.json", DENO_WEBGPU_BACKEND: "vulkan" };
  const json = await denas(["describe", "--mode", "macro", "--supernet", "--json"], env);
  assertEquals(json.code, 0, json.stderr);
  assertEquals(JSON.parse(json.stdout).parameters, 697_860);
  const table = await denas(["describe", "0 1 1 3 0 1", "--filters", "8", "--memory"], env);
  assertEquals(table.code, 0, table.stderr);
  assert(/^layer +output +parameters +multiply-adds\n/.test(table.stdout), table.stdout);
  assert(/training step +[\d.]+ [KM]iB with a batch of \d+/.test(table.stdout), table.stdout);
  const wrong = await denas(["describe", "0 1 1 9 0 1"], env);
  assertEquals(wrong.code, 2);
  assert(wrong.stderr.includes("layer 2, operation: got 9, expected 0 … 5"), wrong.stderr);
});
